import type { Clock } from '#base/clock.ts'
import type { Line } from '../lines.ts'
import type { Progress } from '../progress.ts'
import { relative } from './finding.ts'
import { wordOf } from './plain.ts'
import { fit, pad, widthOf } from './width.ts'

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
const colors = { working: 36, done: 32, failed: 31, skipped: 33 } as const

/** One line a resource, redrawn in place: mark, name, state, and how long it took. */
export class TerminalProgress implements Progress {
  readonly #options: TerminalOptions
  readonly #rows = new Map<string, Row>()
  readonly #began: number
  #drawn = 0
  #timer: Disposable | undefined

  constructor(options: TerminalOptions) {
    this.#options = options
    this.#began = options.clock.now()
    options.stream.write('\x1b[?25l')
    this.#tick()
  }

  draw(line: Line): void {
    if (line.type === 'step') this.#update(line.subject, { status: line.status, state: line.state, detail: detailOf(line) })
    else if (line.type === 'service')
      this.#update(line.subject, {
        status: wordOf[line.state],
        state: line.state === 'waiting' ? 'working' : line.state === 'failed' ? 'failed' : 'done',
        detail: line.text,
      })
    else if (line.type === 'warning' || line.type === 'note') this.#say(line.type === 'warning' ? `warning: ${line.text}` : line.text)
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#redraw()
    this.#options.stream.write('\x1b[?25h')
  }

  #update(subject: string, change: Pick<Row, 'status' | 'state' | 'detail'>): void {
    const now = this.#options.clock.now()
    const row = this.#rows.get(subject) ?? { subject, ...change, began: now, ended: undefined }
    Object.assign(row, change, { ended: change.state === 'working' ? undefined : now })
    this.#rows.set(subject, row)
  }

  #tick(): void {
    this.#redraw()
    this.#timer = this.#options.clock.after(frame, () => this.#tick())
  }

  /** A sentence above the rows; it stays. */
  #say(text: string): void {
    this.#options.stream.write(`${this.#back()}\x1b[J${relative(text, this.#options.directory)}\n`)
    this.#drawn = 0
    this.#redraw()
  }

  /** In one write and over what is there, so that nothing flickers. */
  #redraw(): void {
    if (this.#rows.size === 0) return
    const lines = this.#lines()
    this.#options.stream.write(`${this.#back()}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    this.#drawn = lines.length
  }

  #back(): string {
    return this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`
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
    return [`[+] Running ${done}/${rows.length}`, ...shown.map((row) => this.#line(row, column))]
  }

  #line(row: Row, column: number): string {
    const { state, subject, status, detail, began, ended } = row
    // A terminal that doesn't know its size says 0.
    const columns = this.#options.stream.columns || 80
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
  return amount === undefined ? detail : `${detail} ${megabytes(amount.current)} of ${megabytes(amount.total)} MB`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
