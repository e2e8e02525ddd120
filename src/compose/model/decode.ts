import { nanosecondsOf } from '#base/duration.ts'
import { nearest } from '#base/nearest.ts'
import { invalidAt, isNull, plainText, type Entry, type Node } from './tree.ts'

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
  return plainText(node)
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

export function numberOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw invalidAt(node!.at, `${what} must be a number`) // not undefined: it had a text
  return number
}

export function integerOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  if (!/^-?\d+$/.test(text)) throw invalidAt(node!.at, `${what} must be a whole number`) // not undefined: it had a text
  return Number(text)
}

/** Nanoseconds of a duration, in which Compose counts days and weeks too; undefined for anything else. */
export function periodOf(text: string): number | undefined {
  const hours = (amount: string, unit: string): string => `${Number(amount) * (unit === 'd' ? 24 : 168)}h`
  return nanosecondsOf(text.replaceAll(/(\d+)([dw])/g, (_, amount: string, unit: string) => hours(amount, unit)))
}

/** Nanoseconds (compose-spec, 11-extension, durations). Throws `invalid`. */
export function durationOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  const duration = periodOf(text)
  if (duration === undefined) throw invalidAt(node!.at, `${what}: invalid duration "${text}"`, 'Such as 10s, 1m30s or 500ms.') // it had a text
  return duration
}

/** Bytes (compose-spec, 11-extension): `300m`, `1.5gb`; a bare number is bytes. Throws `invalid`. */
export function bytesOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  const match = /^(-?\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?$/i.exec(text)
  if (match === null) throw invalidAt(node!.at, `${what}: invalid size "${text}"`, 'Such as 512m or 2g.') // it had a text
  return Math.round(Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't', 'p'].indexOf(match[2]?.toLowerCase() ?? ''))
}

export function nanoCpusOf(node: Node | undefined, what: string): number | undefined {
  const text = textOf(node, what)
  if (text === undefined) return undefined
  const cpus = Number(text)
  if (!(cpus >= 0)) throw invalidAt(node!.at, `${what} must be a number of processors, such as 0.5`) // it had a text
  return Math.round(cpus * 1e9)
}

/** Permission bits: a number as it is, a text in octal. Throws `invalid`. */
export function modeOf(node: Node | undefined, what: string): number | undefined {
  if (node === undefined || isNull(node)) return undefined
  if (node.kind === 'scalar' && typeof node.value === 'number') return node.value
  const text = textOf(node, what) ?? ''
  if (!/^[0-7]+$/.test(text)) throw invalidAt(node.at, `${what}: invalid mode "${text}"`, 'Such as 0440.')
  return Number.parseInt(text, 8)
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

/** The value of a mapping's key; undefined for null and what is not there. */
export function fieldsOf(node: Node | undefined, where: string): (key: string) => Node | undefined {
  const entries = entriesOf(node, where)
  return (key) => {
    const value = entries.get(key)?.value
    return isNull(value) ? undefined : value
  }
}

type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The fields that have a value: what isn't written stays absent. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

function didYouMean(text: string, words: readonly string[]): string | undefined {
  const word = nearest(text, words)
  return word === undefined ? undefined : `Did you mean "${word}"?`
}
