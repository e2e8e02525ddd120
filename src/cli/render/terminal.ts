import { stripVTControlCharacters } from 'node:util'
import type { Clock } from '#base/clock.ts'
import type { Amount } from '#compose/apply/events.ts'
import type { Line } from '#faces/galley/line.ts'
import type { Progress } from './progress.ts'
import { inWords } from '../words.ts'
import { relative } from './relative.ts'
import { LastOutput, visible } from './last-output.ts'
import { plannedText, wordOf } from './plain.ts'
import { forReader } from './reader.ts'
import { fit, pad, widthOf } from './width.ts'
import { wrapped } from './wrap.ts'

interface Row {
  readonly subject: string
  status: string
  detail: string
  state: 'working' | 'done' | 'failed' | 'skipped'
  readonly began: number
  ended: number | undefined
}

export interface TerminalOptions {
  readonly stream: { write(text: string): unknown; readonly columns?: number; readonly rows?: number }
  readonly clock: Clock
  readonly color: boolean
  /** Paths are told from here on. */
  readonly directory: string
}

const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const frame = 100
const stateOf = { waiting: 'working', up: 'done', completed: 'done', failed: 'failed' } as const
const colors = { working: 36, done: 32, failed: 31, skipped: 33 } as const

/** One line a resource, redrawn in place: mark, name, state, and how long it took. */
export class TerminalProgress implements Progress {
  readonly #options: TerminalOptions
  readonly #rows = new Map<string, Row>()
  readonly #output = new LastOutput()
  readonly #began: number
  /** Columns that each line of the rows took. */
  #drawn: readonly number[] = []
  #timer: Disposable | undefined

  constructor(options: TerminalOptions) {
    this.#options = options
    this.#began = options.clock.now()
    options.stream.write('\x1b[?25l')
    this.#tick()
  }

  draw(given: Line): void {
    const line = forReader(given)
    switch (line.type) {
      case 'step':
        if (line.state === 'failed') this.#say(...this.#output.take(line.subject))
        return this.#update(line.subject, { status: line.status, state: line.state, detail: detailOf(line) })
      case 'output':
        this.#output.add(line.subject, line.text)
        return this.#update(line.subject, { detail: visible(line.text) })
      case 'service':
        return this.#update(line.subject, { status: inWords(wordOf[line.state]), state: stateOf[line.state], detail: line.text })
      case 'warning':
        return this.#say(this.#wrapped(inWords(`warning: ${line.text}`), 2))
      case 'note':
        return this.#say(this.#wrapped(line.text))
      case 'planned':
        return this.#say(
          ...plannedText(line)
            .split('\n')
            .map((text) => this.#wrapped(text, 7)),
        )
      default:
        return undefined
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#redraw()
    this.#options.stream.write('\x1b[?25h')
  }

  #update(subject: string, change: Partial<Pick<Row, 'status' | 'state' | 'detail'>>): void {
    const now = this.#options.clock.now()
    const row = this.#rows.get(subject) ?? { subject, status: '', detail: '', state: 'working', began: now, ended: undefined }
    Object.assign(row, change)
    row.ended = row.state === 'working' ? undefined : now
    this.#rows.set(subject, row)
  }

  #tick(): void {
    this.#redraw()
    this.#timer = this.#options.clock.after(frame, () => this.#tick())
  }

  /** Lines above the rows; they stay. */
  #say(...lines: readonly string[]): void {
    const text = lines.map((line) => `${relative(line, this.#options.directory)}\n`).join('')
    this.#options.stream.write(`${this.#back()}\x1b[J${text}`)
    this.#drawn = []
    this.#redraw()
  }

  #wrapped(text: string, indent = 0): string {
    return wrapped(relative(text, this.#options.directory), this.#columns, indent)
  }

  /** In one write and over what is there, so that nothing flickers. */
  #redraw(): void {
    if (this.#rows.size === 0) return
    const lines = this.#lines()
    this.#options.stream.write(`${this.#back()}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    this.#drawn = lines.map((line) => widthOf(stripVTControlCharacters(line)))
  }

  /**
   * To where the rows begin, also where keys that were pressed meanwhile, such as Ctrl-C, stand behind them. A terminal that has become
   * narrower since has broken those that are longer now.
   */
  #back(): string {
    const lines = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / this.#columns)), 0)
    return lines === 0 ? '' : `\r\x1b[${lines}A`
  }

  /** A terminal that doesn't know its size says 0. */
  get #columns(): number {
    return this.#options.stream.columns || 80
  }

  #lines(): string[] {
    const rows = [...this.#rows.values()]
    const done = rows.filter(({ state }) => state !== 'working').length
    // What doesn't fit on the screen can't be redrawn; what still goes on is shown first then.
    const room = Math.max(1, (this.#options.stream.rows || 24) - 2)
    const shown =
      rows.length <= room
        ? rows
        : [...rows.filter(({ state }) => state === 'working'), ...rows.filter(({ state }) => state !== 'working')].slice(0, room)
    const column = Math.max(...shown.map(({ subject }) => widthOf(subject)))
    return [fit(inWords(`[+] Running ${done}/${rows.length}`), this.#columns - 1), ...shown.map((row) => this.#line(row, column))]
  }

  #line(row: Row, column: number): string {
    const { state, subject, status, detail, began, ended } = row
    const columns = this.#columns
    const elapsed = `${(((ended ?? this.#options.clock.now()) - began) / 1000).toFixed(1)}s`
    const left = fit(
      ` ${this.#mark(state)} ${pad(subject, column)}  ${status}${detail === '' ? '' : `  ${detail.split('\n')[0]}`}`,
      columns - elapsed.length - 2,
    )
    const line = `${pad(left, columns - elapsed.length - 1)}${elapsed}`
    return this.#options.color ? line.replace(this.#mark(state), (mark) => `\x1b[${colors[state]}m${mark}\x1b[0m`) : line
  }

  #mark(state: Row['state']): string {
    if (state === 'done') return '✔'
    if (state === 'failed') return '✘'
    if (state === 'skipped') return '!'
    return spinner[Math.floor((this.#options.clock.now() - this.#began) / frame) % spinner.length] ?? ''
  }
}

function detailOf({ detail = '', amount }: Extract<Line, { readonly type: 'step' }>): string {
  return amount === undefined ? detail : `${detail} ${amountText(amount)}`
}

function amountText({ current, total, units }: Amount): string {
  if (units === '%') return `${current} %`
  return units === undefined ? inWords(`${megabytes(current)} of ${megabytes(total)} MB`) : `${current}/${total}`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
