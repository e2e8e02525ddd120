import { invalidAt, isNull, isOpen, mappingOf, plainText, scalar, type Entry, type Mapping, type Node, type Sequence } from '../tree.ts'
import type { Form, Kept, List } from './form.ts'
import { byCode } from './order.ts'
import { keyOf } from './same.ts'

/**
 * Puts a later file's part over an earlier one's; both are canonical (compose-spec, 13-merge). What is reset stays as a mark, so that
 * still earlier files lose it too; `withoutMarks` takes the marks away in the end. Throws `invalid`.
 */
export function merge(form: Form, base: Node, over: Node): Node {
  if (over.tag !== undefined || base.tag === 'reset') return over
  if (isNull(over)) return form.kind === 'list' && form.replaced === true ? over : base
  if (isNull(base)) return over
  switch (form.kind) {
    case 'list':
      return base.kind === 'sequence' && over.kind === 'sequence' ? mergeLists(form, base, over) : mismatch(over)
    case 'names':
      if (base.kind !== 'mapping' || over.kind !== 'mapping') return mismatch(over)
      // A bare name says something: the caller's variable.
      return mergeEntries(base, over, () => (form.bare === undefined || form.bare === 'mapping' ? form.of : 'replaced'))
    case 'struct':
      if (base.kind !== 'mapping' || over.kind !== 'mapping') return mismatch(over)
      return form.replaced?.(base, over) === true ? over : mergeEntries(base, over, (key) => form.fields[key]?.form ?? { kind: 'any' })
    case 'kept':
      return mergeKept(form, base, over)
    case 'any':
      return mergeAnything(base, over)
    default:
      return over
  }
}

/** Either form becomes a list of texts for it, in the alphabet's order where it was none. */
function mergeKept({ of }: Kept, base: Node, over: Node): Node {
  if (of.kind === 'list' && of.replaced === true) return over
  const reset = new Set(
    over.kind === 'mapping' ? [...over.entries].flatMap(([key, { value }]) => (value.tag === 'reset' ? [key] : [])) : [],
  )
  const [below, above] = [textsOf(base, reset), textsOf(over, reset)]
  return { kind: 'sequence', items: keptItems(of, [...below, ...above]), at: over.at }
}

/** Names that are reset are gone from a mapping; a list has none. */
function textsOf(node: Node, reset: ReadonlySet<string>): readonly Node[] {
  if (node.kind === 'sequence') return node.items
  if (node.kind === 'scalar') return [node]
  const kept = [...node.entries].filter(([key]) => !reset.has(key))
  const texts = kept.flatMap(([key, { value }]) =>
    (value.kind === 'sequence' ? value.items : [value]).map((one) => scalar(isNull(one) ? key : `${key}=${plainText(one)}`, value.at)),
  )
  return texts.toSorted((a, b) => byCode(plainText(a), plainText(b)))
}

/** What people keep under `x-` merges like anything else: mappings key by key, lists one after the other. */
function mergeAnything(base: Node, over: Node): Node {
  if (base.kind === 'mapping' && over.kind === 'mapping') return mergeEntries(base, over, () => ({ kind: 'any' }))
  if (base.kind === 'sequence' && over.kind === 'sequence') return { ...over, items: [...base.items, ...over.items] }
  return over
}

function mergeEntries(base: Mapping, over: Mapping, formOf: (key: string) => Form | 'replaced'): Mapping {
  const entries = new Map<string, Entry>(base.entries)
  for (const [key, entry] of over.entries) {
    const before = entries.get(key)
    const form = formOf(key)
    entries.set(key, before === undefined || form === 'replaced' ? entry : { at: entry.at, value: merge(form, before.value, entry.value) })
  }
  return mappingOf(entries, over.at)
}

function mergeLists(form: List, base: Sequence, over: Sequence): Sequence {
  if (form.replaced === true) return over
  if (form.merged !== undefined) return mergeItems(form, base, over)
  const stays = form.together === true && base.items.some(isOpen)
  return { ...over, items: uniqueItems(form, [...base.items, ...(stays ? (over.short ?? over.items) : over.items)]) }
}

/** Items of the later file, each over the earlier one that it names. */
function mergeItems(form: List, base: Sequence, over: Sequence): Sequence {
  const before = new Map(base.items.map((item) => [form.merged?.(item), item]))
  const items = over.items.map((item) => {
    const same = before.get(form.merged?.(item))
    return same === undefined ? item : merge(form.of, same, item)
  })
  return { ...over, items }
}

/** Of items that are one thing, the last counts, in the place of the first. */
export function uniqueItems(form: List, items: readonly Node[]): readonly Node[] {
  const same = form.same ?? (form.distinct === true ? plainText : undefined)
  if (same === undefined) return items
  // What variables still stand in has its text alone.
  return lastOfEach(items, (item) => (isOpen(item) ? plainText(item) : same(item)))
}

/** The same for a list of what is `NAME` or `NAME=value`, or of texts of which none counts twice; a command line stays as it is. */
export function keptItems(of: Kept['of'], items: readonly Node[]): readonly Node[] {
  if (of.kind === 'names') return lastOfEach(items, keyOf)
  return of.replaced === true ? items : lastOfEach(items, of.same ?? plainText)
}

function lastOfEach(items: readonly Node[], same: (item: Node) => string): readonly Node[] {
  const found = new Map<string, Node>()
  for (const item of items) found.set(same(item), item)
  return [...found.values()]
}

/** Without the marks of what was reset. */
export function withoutMarks(node: Node): Node {
  if (node.kind === 'sequence') return { kind: 'sequence', items: node.items.map(withoutMarks), at: node.at }
  if (node.kind === 'mapping') {
    const kept = [...node.entries].filter(([, { value }]) => value.tag !== 'reset')
    return mappingOf(
      kept.map(([key, { at, value }]) => [key, { at, value: withoutMarks(value) }] as const),
      node.at,
    )
  }
  const { tag: _, ...unmarked } = node
  return unmarked
}

function mismatch(over: Node): never {
  throw invalidAt(over.at, 'cannot override: an earlier file has another kind of value here')
}
