import type { SolveStatus } from '#faces/galley/build/told.ts'
import type { Display } from './display.ts'
import { amountText, seconds, Trace, type Change, type Piece } from './trace.ts'

/** One line after the other, each with the number of what it belongs to, as BuildKit writes where there is no terminal. */
export class PlainDisplay implements Display {
  readonly #write: (text: string) => unknown
  readonly #trace: Trace
  #last: Piece | undefined

  constructor(write: (text: string) => unknown, trace = new Trace()) {
    this.#write = write
    this.#trace = trace
  }

  show(status: SolveStatus): void {
    // What is told at once is written together, piece after piece.
    const changes = this.#trace.take(status).toSorted((a, b) => a.piece.number - b.piece.number)
    for (const change of changes) this.#tell(change)
  }

  [Symbol.dispose](): void {}

  #tell(change: Change): void {
    const { piece } = change
    if (change.type === 'amount' && change.amount.ended === undefined) return
    if (this.#last !== piece) this.#write(`${this.#last === undefined ? '' : '\n'}#${piece.number} ${piece.name}\n`)
    this.#last = piece
    const line = textOf(change)
    if (line !== undefined) this.#write(`#${piece.number} ${line}\n`)
  }
}

function textOf(change: Change): string | undefined {
  const { piece } = change
  switch (change.type) {
    case 'began':
      return undefined
    case 'line':
      return `${((change.at - piece.started) / 1000).toFixed(3)} ${change.text}`
    case 'amount':
      return `${change.amount.name}${amountText(change.amount)} ${seconds(change.amount.started, change.amount.ended ?? change.amount.started)} done`
    case 'ended':
      if (piece.error !== undefined) return `ERROR: ${piece.error}`
      return piece.cached ? 'CACHED' : `DONE ${seconds(piece.started, piece.ended ?? piece.started)}`
  }
}
