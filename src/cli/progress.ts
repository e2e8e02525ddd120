import type { IncomingMessage } from 'node:http'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { Line } from '#faces/galley/line.ts'
import { readLines } from './lines.ts'
import type { Options } from './options.ts'
import { findingText } from './render/finding.ts'
import { PlainProgress } from './render/plain.ts'
import { switchText } from './render/switch.ts'
import { TerminalProgress } from './render/terminal.ts'

/** Draws what happens; what is shown stays correct when it is disposed. */
export interface Progress extends Disposable {
  draw(line: Line): void
}

export const jsonOption = {
  json: { type: 'boolean', does: 'tell what happens on standard output, as one JSON object a line' },
} as const satisfies Options

interface Wishes {
  readonly json?: boolean | undefined
  readonly verbose?: boolean | undefined
  /** Told after Ctrl-C: what is left, and how to go on. */
  readonly interrupted?: string
}

/** Shows a daemon's answer to the end; resolves with the exit code. Addresses go to standard output, all else to standard error. */
export async function follow(response: IncomingMessage, wishes: Wishes): Promise<number> {
  const last: Line[] = []
  const ok = await collect(response, wishes, last)
  if (wishes.json !== true) for (const line of last) showLast(line)
  return ok ? 0 : 1
}

/** As `follow`, with all lines but the last one put into `lines`; resolves with whether it ended well. */
export async function collect(response: IncomingMessage, wishes: Wishes, lines: Line[]): Promise<boolean> {
  let ok = false
  {
    using progress = wishes.json === true ? jsonProgress() : progressFor(process.stderr, wishes.verbose === true)
    using _interrupt = onInterrupt(
      progress,
      wishes.interrupted ?? 'what is done stays. galley up goes on from there, galley down takes it back.',
    )
    for await (const line of readLines(response)) {
      progress.draw(line)
      if (line.type === 'error') throw new GalleyError(line.kind, line.message, line.advice === undefined ? {} : { advice: line.advice })
      if (line.type === 'end') ok = line.ok
      else lines.push(line)
    }
  }
  return ok
}

/** What draws on a stream: lines that are drawn anew on a terminal, plain ones elsewhere. */
export function progressFor(stream: NodeJS.WriteStream, verbose = false): Progress {
  const directory = process.cwd()
  const plain = verbose || !stream.isTTY || process.env['TERM'] === 'dumb' || (process.env['CI'] ?? '') !== ''
  if (plain) return new PlainProgress((text) => stream.write(text), { directory, verbose })
  return new TerminalProgress({ stream, clock: systemClock, color: (process.env['NO_COLOR'] ?? '') === '', directory })
}

function jsonProgress(): Progress {
  return { draw: (line) => process.stdout.write(`${JSON.stringify(line)}\n`), [Symbol.dispose]: () => undefined }
}

/** Counts, explanations and addresses come after everything else. */
function showLast(line: Line): void {
  if (line.type === 'switch') process.stderr.write(`${switchText(line)}\n`)
  if (line.type === 'finding') process.stderr.write(`\n${findingText(line.finding, { directory: process.cwd(), korean: isKorean() })}`)
  if (line.type === 'address') process.stdout.write(`${line.service.padEnd(12)} ${line.url}\n`)
}

function isKorean(): boolean {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env
  return (LC_ALL ?? LC_MESSAGES ?? LANG ?? '').startsWith('ko')
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** Leaves the terminal as it was found, also after Ctrl-C; the daemon stops when the connection breaks, and leaves what is done. */
function onInterrupt(progress: Progress, what: string): Disposable {
  using stack = new DisposableStack()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const leave = (): void => {
      progress[Symbol.dispose]()
      process.stderr.write(`Interrupted: ${what}\n`)
      process.exit(exitCodes[signal])
    }
    process.once(signal, leave)
    stack.defer(() => process.off(signal, leave))
  }
  return stack.move()
}
