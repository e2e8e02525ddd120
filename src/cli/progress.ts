import type { IncomingMessage } from 'node:http'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import type { Line } from '#faces/galley/line.ts'
import { readLines } from './lines.ts'
import type { Options } from './options.ts'
import { mayHaveColors } from './colors.ts'
import { alike } from './render/alike.ts'
import { JsonProgress } from './render/json.ts'
import { PlainProgress } from './render/plain.ts'
import type { Progress } from './render/progress.ts'
import { QuietProgress } from './render/quiet.ts'
import { ReportProgress } from './render/report.ts'
import { switchText } from './render/switch.ts'
import { WithoutParts } from './render/without-parts.ts'
import { TerminalProgress } from './render/terminal.ts'
import { pad } from './render/width.ts'
import { columnsOf, wrapped } from './render/wrap.ts'
import { inWords, language } from './words.ts'

/** How what goes on is told. */
export const progressOptions = {
  progress: { type: 'string', value: 'auto|tty|plain|json|quiet', does: 'how to tell what goes on (auto)' },
  json: { type: 'boolean', does: 'the same as --progress json: one JSON object a line, on standard output' },
} as const satisfies Options

/** Nothing of what goes on is told. */
export const quietOption = {
  quiet: { type: 'boolean', short: 'q', does: 'the same as --progress quiet' },
} as const satisfies Options

/** Parts of what goes on that are not told. */
export const quietOptions = {
  'quiet-pull': { type: 'boolean', does: 'without how far pulls have come' },
  'quiet-build': { type: 'boolean', does: 'without what builds print, unless one fails' },
} as const satisfies Options

const modes = ['auto', 'tty', 'plain', 'json', 'quiet'] as const

type Mode = (typeof modes)[number]

export interface ProgressWishes {
  readonly progress?: string | undefined
  readonly json?: boolean | undefined
  readonly verbose?: boolean | undefined
  /** Nothing is told, as `--progress quiet`. */
  readonly quiet?: boolean | undefined
  readonly 'quiet-pull'?: boolean | undefined
  readonly 'quiet-build'?: boolean | undefined
  /** Nothing goes on: the answer says how things are. */
  readonly report?: boolean | undefined
}

interface Wishes extends ProgressWishes {
  /** Told after Ctrl-C: what is left, and how to go on. */
  readonly interrupted?: string
}

/** Throws `invalid` for a word that is none of `modes`. */
function modeOf({ progress, json, quiet, report }: ProgressWishes): Mode {
  if (quiet === true) return 'quiet'
  if (json === true) return 'json'
  // An answer is wanted whatever is thought of progress.
  const word = progress ?? (report === true ? 'auto' : usualProgress())
  const mode = modes.find((one) => one === word)
  if (mode !== undefined) return mode
  throw new GalleyError(
    'invalid',
    `${progress === undefined ? 'COMPOSE_PROGRESS' : '--progress'} takes ${modes.join(', ')}, not "${word}"`,
    {
      code: 'cli.option-value',
      subject: word,
    },
  )
}

/** How progress is told where no `--progress` says so: as COMPOSE_PROGRESS and COMPOSE_ANSI do, which docker compose reads of the shell alone. */
export function usualProgress(): string {
  const word = process.env['COMPOSE_PROGRESS'] ?? ''
  if (word !== '' && word !== 'auto') return word
  return process.env['COMPOSE_ANSI'] === 'always' ? 'tty' : 'auto'
}

/** Shows a daemon's answer to the end; resolves with the exit code. Addresses go to standard output, all else to standard error. */
export async function follow(response: IncomingMessage, wishes: Wishes): Promise<number> {
  const last: Line[] = []
  const ok = await collect(response, wishes, last)
  if (modeOf(wishes) !== 'json') for (const line of told(last)) await showLast(line)
  return ok ? 0 : 1
}

/** As `follow`, with all lines but the last one put into `lines`; resolves with whether it ended well. */
export async function collect(response: IncomingMessage, wishes: Wishes, lines: Line[]): Promise<boolean> {
  let ok = false
  {
    using progress = progressFor(process.stderr, wishes)
    using _interrupt = onInterrupt(
      progress,
      wishes.interrupted ?? 'what is done stays. galley up goes on from there, galley down takes it back.',
    )
    for await (const line of readLines(response)) {
      if (!isLate(line, lines) || modeOf(wishes) === 'json') progress.draw(line)
      if (line.type === 'error') throw failureOf(line)
      if (line.type === 'end') ok = line.ok
      else lines.push(line)
    }
  }
  return ok
}

/** What is said after explanations stands below them. */
function isLate({ type }: Line, before: readonly Line[]): boolean {
  return type === 'note' && before.some((line) => line.type === 'finding')
}

function failureOf({ id, kind, message, advice }: Extract<Line, { readonly type: 'error' }>): GalleyError {
  return new GalleyError(kind, message, { code: id, ...(advice !== undefined && { advice }) })
}

/** What draws on a stream: lines that are drawn anew on a terminal, plain ones elsewhere, if nothing else is wished for. Throws `invalid`. */
export function progressFor(stream: NodeJS.WriteStream, wishes: ProgressWishes = {}): Progress {
  const progress = drawing(stream, wishes)
  const parts = { pulls: wishes['quiet-pull'] === true, builds: wishes['quiet-build'] === true }
  return parts.pulls || parts.builds ? new WithoutParts(progress, parts) : progress
}

let printsBuilds = false

/** From now on plain lines of builds go to standard output, as those of docker compose do. */
export function printBuilds(): void {
  printsBuilds = true
}

function drawing(stream: NodeJS.WriteStream, wishes: ProgressWishes): Progress {
  const mode = modeOf(wishes)
  const verbose = wishes.verbose === true
  const directory = process.cwd()
  if (mode === 'json') return new JsonProgress((text) => process.stdout.write(text), systemClock)
  if (mode === 'quiet') return new QuietProgress()
  if (mode === 'plain' || verbose || (mode === 'auto' && isPlain(stream)))
    return new PlainProgress((text, isOfBuild) => (isOfBuild && printsBuilds ? process.stdout : stream).write(text), { directory, verbose })
  const color = mayHaveColors()
  if (wishes.report === true) return new ReportProgress({ stream, color, directory })
  return new TerminalProgress({ stream, clock: systemClock, color, directory })
}

/** Whether what is written there can't be drawn anew. */
export function isPlain(stream: NodeJS.WriteStream): boolean {
  return !stream.isTTY || process.env['COMPOSE_ANSI'] === 'never' || process.env['TERM'] === 'dumb' || (process.env['CI'] ?? '') !== ''
}

/** What says the same of several services is told once. */
function told(lines: readonly Line[]): Line[] {
  const findings = alike(lines.flatMap((line) => (line.type === 'finding' ? [line.finding] : [])))
  const first = lines.findIndex(({ type }) => type === 'finding')
  const others = (some: readonly Line[]): Line[] => some.filter(({ type }) => type !== 'finding')
  const untold = (some: readonly Line[]): Line[] => some.filter(({ type }) => type !== 'note')
  if (first < 0) return untold(lines)
  return [
    ...untold(lines.slice(0, first)),
    ...findings.map((finding) => ({ type: 'finding' as const, finding })),
    ...others(lines.slice(first)),
  ]
}

/** Counts, explanations, what is said after them, and addresses come after everything else. */
async function showLast(line: Line): Promise<void> {
  if (line.type === 'switch') process.stderr.write(`${inWords(switchText(line))}\n`)
  if (line.type === 'finding') {
    // Its change is made with the YAML parser, which few commands need.
    const { findingText } = await import('./render/finding.ts')
    const columns = columnsOf(process.stderr)
    process.stderr.write(`\n${findingText(line.finding, { directory: process.cwd(), language: language(), columns })}`)
  }
  if (line.type === 'note') process.stderr.write(`\n${wrapped(inWords(line.text), columnsOf(process.stderr))}\n`)
  if (line.type === 'address') process.stdout.write(`${pad(line.service, 12)} ${line.url}\n`)
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** Leaves the terminal as it was found, also after Ctrl-C; the daemon stops when the connection breaks, and leaves what is done. */
export function onInterrupt(progress: Disposable, what: string): Disposable {
  using stack = new DisposableStack()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const leave = (): void => {
      progress[Symbol.dispose]()
      process.stderr.write(`${wrapped(inWords(`Interrupted: ${what}`), columnsOf(process.stderr))}\n`)
      process.exit(exitCodes[signal])
    }
    // Not once: a second one that comes along with the first, as from `timeout`, would end the process before it is done.
    process.on(signal, leave)
    stack.defer(() => process.off(signal, leave))
  }
  return stack.move()
}
