import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { StringDecoder } from 'node:string_decoder'
import { cannotStart } from '#base/cannot-start.ts'
import { defaultPath } from '#base/default-path.ts'
import { LineBuffer } from '#base/line-buffer.ts'

export interface RunOptions {
  readonly input?: string
  readonly signal?: AbortSignal
  /** Added to what every tool sees. */
  readonly environment?: Readonly<Record<string, string>>
  /** Told of each line of the standard output as it comes; it is in the result all the same. */
  readonly onLine?: (line: string) => void
}

export interface RunResult {
  /** Exit code; 128 and the signal's number when a signal ended it, as a shell counts. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a host tool gets to see: no setting of the daemon's own environment leaks into it. */
export const environment = { PATH: defaultPath, LC_ALL: 'C.UTF-8' }

/**
 * Runs a host tool to its end, without a shell. A failing exit code is an answer, not an error. Throws `unavailable` when the
 * program can't be started, and the signal's reason when that is aborted (the program is killed).
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input = '', signal, onLine } = options
  signal?.throwIfAborted()
  const child = spawn(command, args, {
    env: { ...environment, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal && { signal, killSignal: 'SIGKILL' as const }),
  })
  const ended = Promise.withResolvers<number>()
  child.on('error', (cause) => ended.reject(signal?.aborted ? signal.reason : cannotStart(command, cause)))
  child.on('close', (code, killedBy) => ended.resolve(code ?? exitCodeOf(killedBy)))
  if (lacksStreams(child)) await ended.promise
  // A program that reads nothing closes its end early: its exit code tells whether that was a failure.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  if (onLine !== undefined) tellLines(child.stdout, onLine)
  const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended.promise])
  return { code, stdout, stderr }
}

/** As `run`, but blocks the thread: only for what must not interleave with anything, and takes a few milliseconds. */
export function runSync(command: string, args: readonly string[], input = ''): RunResult {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { env: environment, input, encoding: 'utf8' })
  if (error !== undefined) throw cannotStart(command, error)
  return { code: status ?? exitCodeOf(signal), stdout, stderr }
}

/** Without a free descriptor Node makes none of the streams that its types promise, and tells of the failure in a moment. */
export function lacksStreams({ stdout }: Pick<ChildProcess, 'stdout'>): boolean {
  return stdout === undefined
}

function tellLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const [lines, decoder] = [new LineBuffer(), new StringDecoder('utf8')]
  stream.on('data', (chunk: Buffer) => {
    for (const line of lines.push(decoder.write(chunk))) onLine(line)
  })
  stream.on('end', () => lines.rest !== '' && onLine(lines.rest))
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal])
}
