import { nearest } from '#base/nearest.ts'
import { invalidAt, isNull, unsupportedAt, type Entry, type Mapping, type Node } from './tree.ts'

const nothing: ReadonlyMap<string, Entry> = new Map()

/** The entries of a mapping; none for null. Throws `invalid`. */
export function entriesOf(node: Node | undefined, what: string): ReadonlyMap<string, Entry> {
  if (node === undefined || isNull(node)) return nothing
  if (node.kind !== 'mapping') throw invalidAt(node.at, `${what} must be a mapping`)
  return node.entries
}

/** The items of a list; none for null. Throws `invalid`. */
export function itemsOf(node: Node | undefined, what: string): readonly Node[] {
  if (node === undefined || isNull(node)) return []
  if (node.kind !== 'sequence') throw invalidAt(node.at, `${what} must be a list`)
  return node.items
}

/** Any plain value as text; undefined for null. Throws `invalid`. */
export function textOf(node: Node | undefined, what: string): string | undefined {
  if (node === undefined || isNull(node)) return undefined
  if (node.kind !== 'scalar') throw invalidAt(node.at, `${what} must be a string`)
  return String(node.value)
}

export function textsOf(node: Node | undefined, what: string): string[] {
  return itemsOf(node, what).map((item) => textOf(item, what) ?? '')
}

/** A mapping of names to plain values; null becomes the empty text. */
export function textMapOf(node: Node | undefined, what: string): Record<string, string> {
  return Object.fromEntries([...entriesOf(node, what)].map(([key, { value }]) => [key, textOf(value, `${what}.${key}`) ?? '']))
}

/** `true`, `false`, or a text that says so, as interpolation leaves it. Throws `invalid`. */
export function flagOf(node: Node | undefined, what: string): boolean | undefined {
  const text = textOf(node, what)?.toLowerCase()
  if (text === undefined) return undefined
  if (text === 'true') return true
  if (text === 'false') return false
  throw invalidAt(node!.at, `${what} must be true or false`) // not undefined: it had a text
}

export function integerOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  if (!/^-?\d+$/.test(text)) throw invalidAt(node!.at, `${what} must be a whole number`) // not undefined: it had a text
  return Number(text)
}

/** One of a few words. Throws `invalid` and names the nearest. */
export function wordOf<Word extends string>(node: Node | undefined, words: readonly Word[], what: string): Word | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  const found = words.find((word) => word === text)
  if (found === undefined) {
    throw invalidAt(node!.at, `${what} must be one of ${words.join(', ')}; it is "${text}"`, didYouMean(text, words)) // it had a text
  }
  return found
}

/** What a mapping may hold: keys that Galley carries out, and keys that the specification has beside them. */
export interface Keys {
  readonly known: readonly string[]
  readonly unsupported: readonly string[]
}

/** Refuses every key that would otherwise be ignored; `x-…` is the person's own. `where` is such as `services.app`. */
export function checkKeys(node: Node | undefined, { known, unsupported }: Keys, where: string): void {
  if (node?.kind !== 'mapping') return
  for (const [key, { at }] of (node satisfies Mapping).entries) {
    if (known.includes(key) || key.startsWith('x-')) continue
    const path = where === '' ? key : `${where}.${key}`
    if (unsupported.includes(key)) throw unsupportedAt(at, path)
    throw invalidAt(
      at,
      `additional property "${key}" is not allowed${where === '' ? '' : ` in ${where}`}`,
      didYouMean(key, [...known, ...unsupported]),
    )
  }
}

function didYouMean(text: string, words: readonly string[]): string | undefined {
  const word = nearest(text, words)
  return word === undefined ? undefined : `Did you mean "${word}"?`
}
