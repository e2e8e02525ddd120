import { statSync } from 'node:fs'
import { resolveInRoot } from '#host/files/resolve.ts'
import type { HostConfig } from './model.ts'

/** What was to be started, and where. */
interface Attempt {
  readonly rootfs: string
  /** The first word of the command. */
  readonly program: string
}

/**
 * Why a process could not be started: the last line of a runtime's log in the words that Docker has from runc, as clients read
 * exit codes out of them (docker/cli, container/run.go).
 */
export function startProblem(log: string, { rootfs, program }: Attempt): string {
  const text = messageIn(log.split('\n').at(-1) ?? log)
  const missing = /executable file [`'"](.*?)['"`] not found/.exec(text)?.[1]
  if (missing === undefined && !text.startsWith('open executable: ')) return asGoWords(text)
  // crun says the same of a file that is there and can't be run, and something else of a directory.
  const kind = program.startsWith('/') ? kindOf(rootfs, program) : undefined
  // Clients before 25 take only the last words for exit code 126, which Docker therefore says of directories, too.
  if (kind === 'directory') return `exec: "${program}": is a directory: unknown: permission denied`
  if (kind === 'file' || missing === undefined) return `exec: "${program}": permission denied: unknown`
  return program.startsWith('/')
    ? `exec: "${missing}": stat ${missing}: no such file or directory: unknown`
    : `exec: "${missing}": executable file not found in $PATH: unknown`
}

/** Open files that a runtime needs until the process runs (crun 1.8: 24). */
const runtimeFiles = 30

/** What helps where that is known: a runtime puts itself under the process's limits before it has opened all that it needs. */
export function startAdvice(problem: string, limits: HostConfig['Ulimits']): { readonly advice?: string } {
  const files = limits?.find(({ Name }) => Name.toLowerCase() === 'nofile')?.Soft ?? -1
  // crun takes a control group whose processors it could not read for one that has none.
  if (files < 0 || files > runtimeFiles || !/too many open files|no space left on device/i.test(problem)) return {}
  return {
    advice: `The process may have ${files} open files (ulimit nofile), and the runtime, which is bound by that too, needs some ${runtimeFiles} until it runs: allow more.`,
  }
}

/** crun writes `time: error: message`, runc `time=… level=… msg="…"`. */
function messageIn(line: string): string {
  const quoted = /\bmsg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
  if (quoted === undefined) return line.replace(/^.*?(error|warning): /, '')
  return (JSON.parse(quoted) as string).replace(/^(runc run|exec) failed: (unable to start container process: )?/, '')
}

/** The C library begins its words for an error with a capital, Go doesn't. */
function asGoWords(text: string): string {
  return text.replace(/: ([A-Z])([a-z ]+)$/, (_, first: string, rest: string) => `: ${first.toLowerCase()}${rest}`)
}

function kindOf(rootfs: string, path: string): 'file' | 'directory' | undefined {
  const stat = statSync(resolveInRoot(rootfs, path), { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  return stat.isDirectory() ? 'directory' : 'file'
}

/** 127 for what isn't there, 126 for what is there and can't be run, as a shell counts; else `other`. */
export function startExitCode(message: string, other: number): number {
  if (/executable file not found|no such file or directory/i.test(message)) return 127
  return /permission denied|is a directory/i.test(message) ? 126 : other
}
