import type { Descriptor } from '#host/process/listeners.ts'
import type { NameNews } from './names/name-service.ts'
import type { PortsOfContainer } from './ports/held-ports.ts'

/**
 * Raised with every change here by which a daemon and a keeper from before and after it would misunderstand each other: a field that
 * must be heeded, another meaning, a request that is gone. A daemon replaces a keeper of another version (`daemon/keeper.ts`).
 * `version` itself, and what a keeper leaves in its run directory for the next one, are understood across all versions. Version 0 are
 * the keepers that tell none.
 */
export const protocolVersion = 1

/**
 * What the daemon says to the keeper, over `<run>/keeper.sock`: one JSON line each way, many requests a connection. An answer
 * carries the number of its request. `attach` turns its connection into the process's streams; `watch` into a stream of events.
 */
export type Request =
  /** Asked before anything else. */
  | { readonly op: 'version' }
  /** `after`: the key of an attach that has been sent on another connection, and comes first. */
  | { readonly op: 'start'; readonly process: ProcessSpec; readonly after?: number | undefined }
  /** Starts the runtime of a process that may be asked for soon: it waits for the `document` that `start` brings. Dropped when that does not come. */
  | { readonly op: 'prepare'; readonly process: ProcessSpec }
  | AttachRequest
  /** The client of that `attach` has gone; its connection's end alone would only say that it sends nothing more. */
  | { readonly op: 'detach'; readonly key: number }
  | { readonly op: 'resize'; readonly id: string; readonly rows: number; readonly columns: number }
  /** Of a container: sessions that were prepared for it are dropped, too. */
  | { readonly op: 'forget'; readonly id: string }
  | { readonly op: 'names'; readonly news: NameNews }
  /** Fails with the system's word, such as `EADDRINUSE`. */
  | { readonly op: 'ports'; readonly ports: PortsOfContainer }
  /** Containers that have ports; all others give theirs back. */
  | { readonly op: 'port-holders'; readonly containers: readonly string[] }
  /** Of a socket that the daemon listens on, or no longer does (`HeldListeners`). Fails where the kernel refuses to hold it. */
  | { readonly op: 'hold-listener'; readonly name: string; readonly listener?: ListenerSpec | undefined }
  /** Answered with what a daemon before this one listened on by that name, if at this address. */
  | { readonly op: 'listener'; readonly name: string; readonly address: string }
  | { readonly op: 'watch' }
  /** Whoever asks is the daemon: when this connection breaks, the keeper starts the daemon again. */
  | { readonly op: 'guard'; readonly daemon: DaemonSpec }
  /** The daemon ends on purpose. */
  | { readonly op: 'release' }

export interface AttachRequest {
  readonly op: 'attach'
  readonly id: string
  /** The daemon's name for this connection. */
  readonly key: number
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  /** The newest file of the log that the client is shown first: the answer tells how far that goes, and the stream goes on from there. */
  readonly log?: string | undefined
}

export type Numbered<T> = T & { readonly number: number }

/** How the daemon is started: program and arguments, the file that its output goes to, and the FIFO that is held open for as long as it is guarded. */
export interface DaemonSpec {
  readonly command: readonly string[]
  readonly log: string
  readonly alive: string
}

/** A listening socket of the daemon's, and what it listens at. */
export interface ListenerSpec extends Descriptor {
  readonly address: string
}

/** A process to hold: an OCI runtime in the foreground, for a container or an exec session. */
export interface ProcessSpec {
  readonly id: string
  /** Program and arguments; its pid file must be `<directory>/pid`, its log `<directory>/runtime.log`. */
  readonly command: readonly string[]
  /** Whether the program is to be read-only as the runtime sees it (`RuntimeView`). */
  readonly readOnlyProgram?: boolean | undefined
  /** Whether what is mounted inside may be asked to reach the host (`RuntimeView`). */
  readonly passesMounts?: boolean | undefined
  /** Directory of the process's FIFOs, `pid`, `exit` and `runtime.log`. */
  readonly directory: string
  /** What the runtime is to read from `<directory>/process.json`, if it is to find that: the process of an exec session. Not kept. */
  readonly document?: string | undefined
  readonly stdin: boolean
  /** Whether end of input of the first attached client ends the process's input. */
  readonly stdinOnce: boolean
  /** Where the runtime is told to send the terminal's controlling side; undefined for a process without a terminal. */
  readonly consoleSocket?: string | undefined
  /** With `consoleSocket`: the runtime sends nothing there, but relays between the process's terminal and one of its own. */
  readonly relaysTerminal?: boolean | undefined
  /** Whether clients get the output in frames; when missing, as is usual: all but a terminal's. */
  readonly framed?: boolean | undefined
  readonly log?: LogSpec | undefined
  /**
   * Path of the container's control group, "/…", whose memory is watched. `held`: the keeper keeps its memory's group from the
   * runtime until the process is forgotten; else the runtime was asked to keep it.
   */
  readonly group?: { readonly path: string; readonly held: boolean } | undefined
  /**
   * Milliseconds for which a client that reads nothing may hold the process back once 16 MiB wait for it; then it is cut
   * off. Undefined: for ever, as for an exec session, whose output would be lost.
   */
  readonly patience?: number | undefined
}

/** A rotated log: `path` is the newest file, `path.1` (or `path.1.gz`) the one before. */
export interface LogSpec {
  readonly path: string
  readonly format: 'json-file' | 'local'
  /** Bytes after which a new file begins. */
  readonly maxSize: number
  /** How many files there are at most, the newest counted. */
  readonly maxFiles: number
  readonly compress: boolean
  /** What the container's log options say to write with each record. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

/** A place in a log between two records, wherever rotations have moved its file: all files before that one, and so many of its bytes. */
export interface LogEnd {
  readonly inode: number
  readonly size: number
}

/** `logged`: of an attach with a `log`; missing when there is none. `version`, `listener`: what was asked for by that name. */
export type Answer =
  | {
      readonly ok: true
      readonly pid?: number
      readonly logged?: LogEnd | undefined
      readonly version?: number
      readonly listener?: Descriptor | undefined
    }
  | { readonly ok: false; readonly error: string }

export type KeeperEvent =
  | { readonly type: 'running'; readonly id: string; readonly pid: number }
  /** Processes of the container were killed because memory ran out; told before its exit. `peak`: the most bytes that it had used. */
  | { readonly type: 'oom'; readonly id: string; readonly peak?: number | undefined }
  /** `at`: milliseconds since the epoch. */
  | { readonly type: 'exit'; readonly id: string; readonly code: number; readonly at: number }
  /** All that the keeper holds has been told. */
  | { readonly type: 'ready' }
