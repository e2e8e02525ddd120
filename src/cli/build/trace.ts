import type { SolveStatus } from '#faces/galley/build/told.ts'

/** A piece of a build's work as it is shown. Times are milliseconds since the epoch. */
export interface Piece {
  readonly number: number
  readonly name: string
  readonly started: number
  ended: number | undefined
  cached: boolean
  error: string | undefined
  /** What it printed, in whole lines, and when. */
  readonly lines: { readonly text: string; readonly at: number }[]
  /** How far something within it is, by name. */
  readonly amounts: Map<string, Amount>
  /** What came after the last line's end. */
  rest: string
}

export interface Amount {
  readonly name: string
  readonly current: number
  readonly total: number | undefined
  readonly started: number
  readonly ended: number | undefined
}

export interface Warning {
  readonly short: string
  readonly detail: readonly string[]
  readonly url: string | undefined
}

/** What happened to a piece of work. */
export type Change =
  | { readonly type: 'began' | 'ended'; readonly piece: Piece }
  | { readonly type: 'line'; readonly piece: Piece; readonly text: string; readonly at: number }
  | { readonly type: 'amount'; readonly piece: Piece; readonly amount: Amount }

/** A build's progress, put together from what is told of it. */
export class Trace {
  readonly warnings: Warning[] = []
  readonly #pieces = new Map<string, Piece>()

  /** In the order in which they began. */
  get pieces(): readonly Piece[] {
    return [...this.#pieces.values()]
  }

  /** Takes a word on the progress, and returns what is new, in order. */
  take({ vertexes = [], statuses = [], logs = [], warnings = [] }: SolveStatus): Change[] {
    for (const { short, detail = [], url } of warnings) this.warnings.push({ short: decoded(short), detail: detail.map(decoded), url })
    const began = vertexes.flatMap((vertex) => this.#begin(vertex))
    const printed = logs.flatMap(({ vertex, data, timestamp }) => this.#print(vertex, { data, at: Date.parse(timestamp) }))
    const moved = statuses.flatMap((status) => this.#move(status))
    const ended = vertexes.flatMap((vertex) => this.#end(vertex))
    return [...began, ...printed, ...moved, ...ended]
  }

  #begin({ digest, name, started }: NonNullable<SolveStatus['vertexes']>[number]): Change[] {
    if (started === undefined || this.#pieces.has(digest)) return []
    const number = this.#pieces.size + 1
    const piece: Piece = {
      number,
      name,
      started: Date.parse(started),
      ended: undefined,
      cached: false,
      error: undefined,
      lines: [],
      amounts: new Map(),
      rest: '',
    }
    this.#pieces.set(digest, piece)
    return [{ type: 'began', piece }]
  }

  #end({ digest, completed, cached = false, error }: NonNullable<SolveStatus['vertexes']>[number]): Change[] {
    const piece = this.#pieces.get(digest)
    if (piece === undefined || piece.ended !== undefined || completed === undefined) return []
    const at = Date.parse(completed)
    const last = piece.rest === '' ? [] : this.#line(piece, piece.rest, at)
    Object.assign(piece, { ended: at, cached, error, rest: '' })
    return [...last, { type: 'ended', piece }]
  }

  #print(vertex: string, { data, at }: { readonly data: string; readonly at: number }): Change[] {
    const piece = this.#pieces.get(vertex)
    if (piece === undefined) return []
    const lines = (piece.rest + decoded(data)).split('\n')
    piece.rest = lines.pop() ?? ''
    return lines.flatMap((text) => this.#line(piece, text, at))
  }

  #line(piece: Piece, text: string, at: number): Change[] {
    const line = { text: text.replace(/\r$/, ''), at }
    piece.lines.push(line)
    return [{ type: 'line', piece, ...line }]
  }

  #move({ vertex, name, current, total, timestamp, started, completed }: NonNullable<SolveStatus['statuses']>[number]): Change[] {
    const piece = this.#pieces.get(vertex)
    if (piece === undefined) return []
    const ended = completed === undefined ? undefined : Date.parse(completed)
    const amount = { name, current, total, started: Date.parse(started ?? timestamp), ended }
    piece.amounts.set(name, amount)
    return [{ type: 'amount', piece, amount }]
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

/** Time between two moments as BuildKit shows it. */
export function seconds(from: number, to: number): string {
  return `${(Math.max(0, to - from) / 1000).toFixed(1)}s`
}

/** How far something is: `5.24MB / 31.36MB`, or only what there is of it. */
export function amountText({ current, total }: Amount): string {
  if (total !== undefined && total > 0) return ` ${bytesText(current)} / ${bytesText(total)}`
  return current > 0 ? ` ${bytesText(current)}` : ''
}

function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return power === 0 ? `${bytes}B` : `${(bytes / 1000 ** power).toFixed(2)}${units[power]}`
}
