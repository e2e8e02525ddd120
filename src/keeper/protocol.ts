/**
 * What the daemon says to the keeper, over `<run>/keeper.sock`: one JSON line each way, many requests a connection,
 * answers in order. `attach` turns its connection into the process's streams; `watch` into a stream of events.
 */
export type Request =
  | { readonly op: 'start'; readonly process: ProcessSpec }
  | { readonly op: 'attach'; readonly id: string; readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  | { readonly op: 'resize'; readonly id: string; readonly rows: number; readonly columns: number }
  | { readonly op: 'forget'; readonly id: string }
  | { readonly op: 'watch' }
  | { readonly op: 'stop' }

/** A process to hold: an OCI runtime in the foreground, for a container or an exec session. */
export interface ProcessSpec {
  readonly id: string
  /** Program and arguments; its pid file must be `<directory>/pid`, its log `<directory>/runtime.log`. */
  readonly command: readonly string[]
  /** Directory of the process's FIFOs, `pid`, `exit` and `runtime.log`. */
  readonly directory: string
  readonly stdin: boolean
  /** Whether end of input of the first attached client ends the process's input. */
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly log?: LogSpec | undefined
}

/** Docker's json-file format. Sizes in bytes. */
export interface LogSpec {
  readonly path: string
  readonly maxSize: number
  readonly maxFiles: number
}

export type Answer = { readonly ok: true; readonly pid?: number } | { readonly ok: false; readonly error: string }

export type KeeperEvent =
  | { readonly type: 'running'; readonly id: string; readonly pid: number }
  | { readonly type: 'exit'; readonly id: string; readonly code: number; readonly at: number }
  /** All that the keeper holds has been told. */
  | { readonly type: 'ready' }

/** A chunk of output in Docker's multiplexed framing (Engine API, ContainerAttach: stream format). */
export function frame(stream: 1 | 2, chunk: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(chunk.length, 4)
  return Buffer.concat([header, chunk])
}
