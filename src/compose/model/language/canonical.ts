import { nearest } from '#base/nearest.ts'
import { seemingSpace } from '../yaml-problem.ts'
import { invalidAt, isNull, isOpen, plainText, scalar, type Entry, type Node } from '../tree.ts'
import { keptItems, uniqueItems } from './merge.ts'
import type { Form, Kept, List, Names, Scalar, Struct, Written } from './form.ts'

/**
 * Checks a part of a Compose file against its form and brings short syntax into the long one. `where` is such as `services.app`, empty for
 * the whole file. What is required is asked for once files are merged. Throws `invalid` with the place, and what was probably meant.
 */
export function canonical(form: Form, node: Node, where: string): Node {
  if (node.tag === 'reset') return node
  switch (form.kind) {
    case 'scalar':
      return checkedScalar(form, node, where)
    case 'list':
      return canonicalList(form, node, where)
    case 'names':
      return canonicalNames(form, node, where)
    case 'struct':
      return canonicalStruct(form, node, where)
    case 'either':
      return canonical(node.kind === 'mapping' ? form.struct : form.scalar, node, where)
    case 'kept':
      return keptAsWritten(form, node, where)
    case 'any':
      return node
  }
}

function canonicalStruct(form: Struct, node: Node, where: string): Node {
  const mapping = form.convert?.(node, where) ?? node
  if (isNull(mapping) || isOpen(mapping)) return mapping
  if (mapping.kind !== 'mapping')
    throw invalidAt(
      node.at,
      where === '' ? 'a Compose file must be a mapping' : `${where} must be a mapping`,
      depthAdvice(form, where) ?? colonAdvice(node),
    )
  const entries = [...mapping.entries].map(([key, { at, value }]): readonly [string, Entry] => {
    const field = Object.hasOwn(form.fields, key) ? form.fields[key] : undefined
    if (field !== undefined) return [key, { at, value: canonical(field.form, value, below(where, key)) }]
    if (form.closed !== true && key.startsWith('x-')) return [key, { at, value }]
    throw unknownKey(key, at, { where, known: Object.keys(form.fields), value })
  })
  return { ...mapping, entries: new Map(entries) }
}

function canonicalNames(form: Names, node: Node, where: string): Node {
  const mapping = form.convert?.(node, where) ?? node
  if (isNull(mapping) || isOpen(mapping)) return mapping
  if (mapping.kind !== 'mapping')
    throw invalidAt(
      node.at,
      form.convert === undefined ? `${where} must be a mapping` : `${where} must be a mapping or a list`,
      node.kind === 'sequence' ? 'Take the "- " away: each of them is a key of its own.' : undefined,
    )
  const entries = [...mapping.entries].map(([key, { at, value }]): readonly [string, Entry] => {
    if (form.pattern?.test(key) === false && !key.startsWith('x-'))
      throw invalidAt(at, `${where}: invalid name "${key}"`, nameAdvice(form.pattern))
    return [key, { at, value: canonical(form.of, value, below(where, key)) }]
  })
  return { ...mapping, entries: new Map(entries) }
}

function canonicalList(form: List, node: Node, where: string): Node {
  if (isNull(node)) return node
  const alone = form.single === true && node.kind !== 'sequence'
  const list = form.convert?.(node, where) ?? (alone ? { kind: 'sequence' as const, items: [node], at: node.at } : node)
  if (isOpen(list) || (form.together === true && list.kind === 'sequence' && list.items.some(isOpen))) return list
  if (list.kind !== 'sequence')
    throw invalidAt(
      node.at,
      form.single === true ? `${where} must be a string or a list` : `${where} must be a list`,
      'Each item begins with "- " in a line of its own.',
    )
  const items = list.items.flatMap((item) => (form.lengthen?.(item, where) ?? [item]).map((long) => canonical(form.of, long, where)))
  const unique = form.distinct === true ? distinct(items, where) : uniqueItems(form, items)
  return { ...list, items: unique, ...(form.together === true && { short: list.items }) }
}

function distinct(items: readonly Node[], where: string): readonly Node[] {
  const seen = new Set<string>()
  for (const item of items) {
    const text = plainText(item)
    if (seen.has(text)) throw invalidAt(item.at, `${where} has "${text}" twice: items must be unique`)
    seen.add(text)
  }
  return items
}

/** Checked as what it becomes, but for a text, which variables may still change. */
function keptAsWritten({ of }: Kept, node: Node, where: string): Node {
  if (isNull(node) || isOpen(node)) return node
  const isText = node.kind === 'scalar' && typeof node.value === 'string'
  if (!isText || of.kind === 'names') canonical(of, node, where)
  return node.kind === 'sequence' ? { ...node, items: keptItems(of, node.items) } : node
}

function checkedScalar(form: Scalar, node: Node, where: string): Node {
  if (isNull(node) || isOpen(node)) return node
  const kinds = node.kind === 'scalar' ? kindsOf(node.value) : []
  if (node.kind !== 'scalar' || !kinds.some((kind) => form.written.includes(kind)))
    throw invalidAt(node.at, `${where} must be ${wanted(form)}`, quoteAdvice(form, node))
  const text = plainText(node)
  if (form.words !== undefined && !form.words.includes(text)) {
    const meant = nearest(text, form.words)
    throw invalidAt(node.at, `${where} must be one of ${form.words.join(', ')}; it is "${text}"`, meant && `Did you mean "${meant}"?`)
  }
  if (form.pattern?.test(text) === false) throw invalidAt(node.at, `${where}: "${text}" does not match ${form.pattern.source}`)
  if (typeof node.value === 'number' && (node.value < (form.least ?? -Infinity) || node.value > (form.most ?? Infinity)))
    throw invalidAt(
      node.at,
      `${where} must be ${form.most === undefined ? `${form.least} or more` : `between ${form.least} and ${form.most}`}`,
    )
  return form.asText === true ? scalar(text, node.at) : node
}

function kindsOf(value: string | number | boolean | null): readonly Written[] {
  if (value === null) return ['null']
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number']
  return [typeof value === 'string' ? 'string' : 'boolean']
}

function wanted({ type, written }: Scalar): string {
  if (type === 'flag') return 'true or false'
  if (type === 'integer') return 'a whole number'
  if (written.includes('boolean')) return written.length === 1 ? 'true or false' : 'a string, a number, true or false'
  const isText = written.includes('string')
  return !isText ? 'a number' : written.some((kind) => kind !== 'string' && kind !== 'null') ? 'a string or a number' : 'a string'
}

/** A number or a date where a text is wanted only lacks its quotes. */
function quoteAdvice({ type, written }: Scalar, node: Node): string | undefined {
  if (node.kind !== 'scalar' || node.value === null || !written.includes('string')) return undefined
  if (type === 'duration') return `A time has a unit: ${plainText(node)}s, ${plainText(node)}m.`
  return `Put it in quotes: "${plainText(node)}".`
}

interface Unknown {
  readonly where: string
  readonly known: readonly string[]
  readonly value: Node
}

function unknownKey(key: string, at: Node['at'], { where, known, value }: Unknown): Error {
  if (seemingSpace.pattern.test(key)) return invalidAt(at, seemingSpace.message, seemingSpace.advice)
  const meant = nearest(key, known)
  const message = where === '' ? `additional property "${key}" is not allowed` : `additional property "${key}" is not allowed in ${where}`
  const isService = where === '' && value.kind === 'mapping'
  const advice = isService ? `If it is a service, indent it below "services:".` : undefined
  return invalidAt(at, message, meant === undefined ? advice : `Did you mean "${meant}"?`)
}

/** What should stand below a name stands beside it: `image` at the place of a service. */
function depthAdvice({ fields }: Struct, where: string): string | undefined {
  const [name = '', ...above] = where.split('.').toReversed()
  return above.length > 0 && Object.hasOwn(fields, name) ? `Indent "${name}:" deeper, below the name that it belongs to.` : undefined
}

/** A key and its value without a space between them are one word. */
function colonAdvice(node: Node): string | undefined {
  return /^[a-z_]+:\S/.test(plainText(node)) ? 'It is written "key: value", with a space behind the colon.' : undefined
}

function nameAdvice(pattern: RegExp): string {
  return `Names match ${pattern.source}.`
}

/** The name of what stands under a key. */
export function below(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`
}
