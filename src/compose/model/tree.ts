import { GalleyError } from '#base/error.ts'
import type { Position } from './model.ts'

/** A YAML value that still knows where it stands. */
export type Node = Scalar | Sequence | Mapping

interface Tagged {
  readonly at: Position
  /** compose-spec, 13-merge: what an earlier file says goes away, or is replaced. */
  readonly tag?: 'reset' | 'override'
}

export interface Scalar extends Tagged {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** What it is as text, where that isn't what JavaScript makes of the value: `1e+06`. */
  readonly text?: string
  /** Variables were left in it on purpose, so what it will be can't be told. */
  readonly open?: true
}

export interface Sequence extends Tagged {
  readonly kind: 'sequence'
  readonly items: readonly Node[]
  /** The items as they were before short ones were lengthened, where that may have to be undone. */
  readonly short?: readonly Node[]
}

export interface Mapping extends Tagged {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, Entry>
}

export interface Entry {
  /** Where the key stands. */
  readonly at: Position
  readonly value: Node
}

/** An `invalid` error that names the place. */
export function invalidAt(at: Position, message: string, given?: string): GalleyError {
  const advice = /[“”‘’]/.test(message) ? 'Quotes are written as \'…\' or "…": those here are for print.' : given
  return new GalleyError('invalid', `${placeOf(at)}: ${message}`, { code: 'compose.invalid', ...(advice !== undefined && { advice }) })
}

/** A `not implemented` error that names the place: for what the specification has and Galley lacks. */
export function unsupportedAt(at: Position, what: string, advice?: string): GalleyError {
  return new GalleyError('not implemented', `${placeOf(at)}: ${what} is not implemented by Galley`, {
    code: 'compose.unsupported',
    subject: what,
    ...(advice !== undefined && { advice }),
  })
}

export function placeOf({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}

/** A scalar as text, as every Compose tool prints it; empty for null and for what is no scalar. */
export function plainText(node: Node | undefined): string {
  return node?.kind !== 'scalar' || node.value === null ? '' : (node.text ?? String(node.value))
}

export function isOpen(node: Node): boolean {
  return node.kind === 'scalar' && node.open === true
}

export function isNull(node: Node | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null)
}

export function scalar(value: Scalar['value'], at: Position): Scalar {
  return { kind: 'scalar', value, at }
}

/** The same mapping with another value for a key, or without it. */
export function withField(node: Mapping, key: string, value: Node | undefined): Mapping {
  const entries = new Map(node.entries)
  if (value === undefined) entries.delete(key)
  else entries.set(key, { at: entries.get(key)?.at ?? value.at, value })
  return { ...node, entries }
}

/** What stands under a key. */
export function fieldIn(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'mapping' ? node.entries.get(key)?.value : undefined
}

/** The same mapping with every value changed. */
export function mapValues(mapping: Mapping, change: (value: Node, key: string) => Node): Mapping {
  const entries = [...mapping.entries].map(([key, { at, value }]) => [key, { at, value: change(value, key) }] as const)
  return { ...mapping, entries: new Map(entries) }
}

/** A document with each mapping of a section (`services`, `secrets`) changed. */
export function withEachOf(document: Mapping, section: string, change: (entry: Mapping) => Mapping): Mapping {
  const entries = fieldIn(document, section)
  if (entries?.kind !== 'mapping') return document
  return withField(
    document,
    section,
    mapValues(entries, (value) => (value.kind === 'mapping' ? change(value) : value)),
  )
}

export function mappingOf(entries: Iterable<readonly [string, Entry]>, at: Position): Mapping {
  return { kind: 'mapping', entries: new Map(entries), at }
}
