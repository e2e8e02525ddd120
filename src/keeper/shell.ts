import { closeSync, existsSync, readFileSync, statSync } from 'node:fs'
import { withRuntimeView } from '#host/oci-runtime/hybrid.ts'
import { sendSignal } from '#host/process/signal.ts'
import { startChild } from './children.ts'
import type { ProcessSpec } from './protocol.ts'

/** First of all it says who it is, so that it is found whoever dies now. A directory that is gone already means that nobody waits for it. */
const beginning = 'echo $$ >"$0/shell" || exit'
/**
 * The shell around a held process: it outlives keeper and daemon, and records the exit code in `exit`. A FIFO loses what
 * nobody has read yet when its last user goes, so the shell then holds the reading ends, waiting at the FIFO `ack` that
 * nobody writes to, until a keeper has read everything and ends it. Built-ins only: nothing is forked.
 */
const script = `${beginning}; "$@"; echo $? >"$0/exit"; exec 3<"$0/stdout" 4<"$0/stderr" >/dev/null 2>&1; read -r _ <"$0/ack"`
/** A terminal's output goes with the keeper, which alone has its controlling side. */
const end = '"$@"; echo $? >"$0/exit"'
const terminalScript = `${beginning}; ${end}`

/** The first terminal that a session's leader opens becomes the session's: a runtime that relays is told of its size then. */
const relayScript = `${beginning}; exec <"$TERMINAL" >"$TERMINAL" 2>&1; unset TERMINAL; ${end}`

const noStreams = ['ignore', 'ignore', 'ignore'] as const

export interface Surroundings {
  /** Descriptors that the shell then owns; none for a terminal. */
  readonly stdio?: readonly (number | 'ignore')[]
  /** Path of a terminal that the runtime is to relay. */
  readonly terminal?: string
  /** See `RuntimeView`. */
  readonly cgroup2: string | undefined
}

/** Starts a shell around the process; returns its id, as `startChild`. Throws `SystemCallError` when there is none. */
export function startShell(spec: ProcessSpec, { stdio = noStreams, terminal, cgroup2 }: Surroundings, onEnd: () => void): number {
  const body = terminal !== undefined ? relayScript : spec.consoleSocket === undefined ? script : terminalScript
  const shell = {
    program: '/bin/sh',
    args: ['-c', body, spec.directory, ...spec.command],
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...(terminal !== undefined && { TERMINAL: terminal }) },
    stdio,
  }
  const view = {
    cgroup2,
    held: spec.group?.held === true ? spec.group.path : undefined,
    // It lies where what a container mounts may have to pass; starting a second time costs less than that.
    program: spec.readOnlyProgram === true && spec.passesMounts !== true ? spec.command[0] : undefined,
    passesMounts: spec.passesMounts,
  }
  try {
    return withRuntimeView(view, () => startChild(shell, onEnd))
  } finally {
    for (const fd of stdio) if (typeof fd === 'number') closeSync(fd)
  }
}

/** The process id of the shell around what runs in `directory`, when it lives. A number that was given anew is not taken for it. */
export function shellOf(directory: string): number | undefined {
  const pid = readNumber(`${directory}/shell`)
  return pid !== undefined && readText(`/proc/${pid}/cmdline`).includes(`\0${directory}\0`) ? pid : undefined
}

/** Ends a shell that has nothing left to do. */
export function endShell(directory: string): void {
  const pid = shellOf(directory)
  if (pid !== undefined) sendSignal(pid, 'SIGKILL')
}

/** Ends a shell and the runtime in it, which may be in the middle of starting something that nobody waits for any more. */
export function endRuntime(directory: string): void {
  const pid = shellOf(directory)
  // The shell leads a process group, which its runtime is in.
  if (pid !== undefined) sendSignal(-pid, 'SIGKILL')
}

/** The exit code that the shell recorded, and when (milliseconds since the epoch). */
export function recordedExit(directory: string): { code: number; at: number } | undefined {
  const code = readNumber(`${directory}/exit`)
  return code === undefined ? undefined : { code, at: Math.round(statSync(`${directory}/exit`).mtimeMs) }
}

/** A small file's text, trimmed; empty when it isn't there, or its process has ended. Throws when that can't be told, as without a free descriptor. */
export function readText(path: string): string {
  if (!existsSync(path)) return ''
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

export function readNumber(path: string): number | undefined {
  const text = readText(path)
  return text === '' ? undefined : Number(text)
}
