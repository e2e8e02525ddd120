import { GalleyError } from '#base/error.ts'
import type { Position } from './model.ts'

/** A YAML value that still knows where it stands. */
export type Node = Scalar | Sequence | Mapping

export interface Scalar {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  readonly at: Position
}

export interface Sequence {
  readonly kind: 'sequence'
  readonly items: readonly Node[]
  readonly at: Position
}

export interface Mapping {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, Entry>
  readonly at: Position
}

export interface Entry {
  /** Where the key stands. */
  readonly at: Position
  readonly value: Node
}

/** An `invalid` error that names the place. */
export function invalidAt(at: Position, message: string, advice?: string): GalleyError {
  return new GalleyError('invalid', `${placeOf(at)}: ${message}`, { code: 'compose.invalid', ...(advice !== undefined && { advice }) })
}

/** A `not implemented` error that names the place: for what the specification has and Galley lacks. */
export function unsupportedAt(at: Position, what: string): GalleyError {
  return new GalleyError('not implemented', `${placeOf(at)}: ${what} is not implemented by Galley`, {
    code: 'compose.unsupported',
    subject: what,
  })
}

export function placeOf({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}

export function isNull(node: Node | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null)
}

export function scalar(value: Scalar['value'], at: Position): Scalar {
  return { kind: 'scalar', value, at }
}

export function mappingOf(entries: Iterable<readonly [string, Entry]>, at: Position): Mapping {
  return { kind: 'mapping', entries: new Map(entries), at }
}
