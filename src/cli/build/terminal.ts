import type { Clock } from '#base/clock.ts'
import type { SolveStatus } from '#faces/galley/build/told.ts'
import { visible } from '../render/last-output.ts'
import type { TerminalOptions } from '../render/terminal.ts'
import { fit, pad, widthOf } from '../render/width.ts'
import type { Display } from './display.ts'
import { amountText, seconds, Trace, type Amount, type Piece } from './trace.ts'

const frame = 100

/** Lines of what a piece of work printed that are shown while it goes on. */
const mostLines = 6

const colors = { done: 34, failed: 31, plain: 0 } as const

interface Row {
  readonly left: string
  readonly right: string
  readonly color: keyof typeof colors
}

/** One row a piece of work with what it takes, redrawn in place, and the last lines of those that go on, as BuildKit does on a terminal. */
export class TerminalDisplay implements Display {
  readonly #stream: TerminalOptions['stream']
  readonly #clock: Clock
  readonly #color: boolean
  readonly #trace: Trace
  readonly #began: number
  #drawn = 0
  #timer: Disposable | undefined
  #over = false

  constructor({ stream, clock, color }: Pick<TerminalOptions, 'stream' | 'clock' | 'color'>, trace = new Trace()) {
    this.#stream = stream
    this.#clock = clock
    this.#color = color
    this.#trace = trace
    this.#began = clock.now()
    stream.write('\x1b[?25l')
    this.#tick()
  }

  show(status: SolveStatus): void {
    this.#trace.take(status)
  }

  [Symbol.dispose](): void {
    if (this.#over) return
    this.#over = true
    this.#timer?.[Symbol.dispose]()
    this.#draw(true)
    this.#stream.write('\x1b[?25h')
  }

  #tick(): void {
    this.#draw(false)
    this.#timer = this.#clock.after(frame, () => this.#tick())
  }

  /** In one write and over what is there, so that nothing flickers. In the end all rows stay, however many. */
  #draw(over: boolean): void {
    // A terminal that doesn't know its size says 0.
    const columns = this.#stream.columns || 80
    const room = over ? Infinity : Math.max(2, (this.#stream.rows || 24) - 1)
    const lines = this.#rows(over, room - 1).map((row) => this.#line(row, columns))
    const back = this.#drawn === 0 ? '' : `\r\x1b[${this.#drawn}A`
    this.#stream.write(`${back}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    this.#drawn = lines.length
  }

  #rows(over: boolean, room: number): Row[] {
    const pieces = this.#trace.pieces
    const now = this.#clock.now()
    const done = pieces.filter(({ ended }) => ended !== undefined).length
    const word = over && pieces.every(({ error }) => error === undefined) ? ' FINISHED' : ''
    const head: Row = { left: `[+] Building ${seconds(this.#began, now)} (${done}/${pieces.length})${word}`, right: '', color: 'plain' }
    const groups = pieces.map((piece) => ({ piece, rows: rowsOf(piece, now) }))
    // What is over goes first where not all fits.
    let surplus = groups.reduce((sum, { rows }) => sum + rows.length, 0) - room
    const shown = groups.filter(({ piece, rows }) => {
      if (surplus <= 0 || piece.ended === undefined) return true
      surplus -= rows.length
      return false
    })
    return [head, ...shown.flatMap(({ rows }) => rows).slice(0, Math.max(1, room))]
  }

  #line({ left, right, color }: Row, columns: number): string {
    const room = columns - right.length - 1
    const text = right === '' ? fit(left, columns) : `${pad(fit(left, room - 1), room)}${right}`
    return this.#color && color !== 'plain' && widthOf(text) > 0 ? `\x1b[${colors[color]}m${text}\x1b[0m` : text
  }
}

function rowsOf(piece: Piece, now: number): Row[] {
  const { ended, error, cached, name, started } = piece
  const color = error !== undefined ? 'failed' : ended !== undefined ? 'done' : 'plain'
  const word = error !== undefined ? 'ERROR ' : cached ? 'CACHED ' : ''
  const first: Row = { left: ` => ${word}${firstLine(name)}`, right: seconds(started, ended ?? now), color }
  const amounts = [...piece.amounts.values()].map((amount) => amountRow(amount, { ended, now, color }))
  const lines = ended === undefined ? piece.lines.slice(-mostLines) : []
  return [first, ...amounts, ...lines.map(({ text }): Row => ({ left: ` => => # ${visible(text)}`, right: '', color: 'plain' }))]
}

function amountRow(amount: Amount, { ended, now, color }: { ended: number | undefined; now: number; color: Row['color'] }): Row {
  return { left: ` => => ${amount.name}${amountText(amount)}`, right: seconds(amount.started, amount.ended ?? ended ?? now), color }
}

function firstLine(name: string): string {
  return name.split('\n', 1)[0] ?? ''
}
