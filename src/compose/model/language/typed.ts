import { bytesOf, durationOf, modeOf } from '../decode.ts'
import { invalidAt, isNull, isOpen, mappingOf, plainText, scalar, type Entry, type Mapping, type Node } from '../tree.ts'
import { below } from './canonical.ts'
import type { Form, Names, Scalar, Struct } from './form.ts'

const yes: ReadonlySet<string> = new Set(['true', 'y', 'yes', 'on'])
const no: ReadonlySet<string> = new Set(['false', 'n', 'no', 'off'])

/**
 * Gives the scalars of a merged, canonical part their types: flags, numbers, bytes, nanoseconds; texts stay texts. Asks for what is
 * required; what is null is not there. Throws `invalid` with the place.
 */
export function typed(form: Form, node: Node, where: string): Node {
  switch (form.kind) {
    case 'scalar':
      return typedScalar(form, node, where)
    case 'list':
      if (node.kind !== 'sequence') return node
      return { ...node, items: node.items.map((item) => typed(form.of, item, where)).flatMap(form.settled ?? ((item) => [item])) }
    case 'names':
      return node.kind === 'mapping' ? typedNames(form, node, where) : node
    case 'struct':
      return node.kind === 'mapping' ? typedStruct(form, node, where) : node
    case 'either':
      return typed(node.kind === 'mapping' ? form.struct : form.scalar, node, where)
    case 'kept':
    case 'any':
      return node
  }
}

function typedStruct(form: Struct, node: Mapping, where: string): Mapping {
  const missing = form.required?.find((key) => isNull(node.entries.get(key)?.value))
  if (missing !== undefined) throw invalidAt(node.at, `${where} needs "${missing}"`)
  const entries: [string, Entry][] = []
  for (const [key, { at, value }] of node.entries) {
    const field = form.fields[key]
    if (field === undefined) entries.push([key, { at, value }])
    else if (!isNull(value)) entries.push([key, { at, value: typed(field.form, value, below(where, key)) }])
  }
  return mappingOf(entries, node.at)
}

function typedNames({ of, bare }: Names, node: Mapping, where: string): Mapping {
  return mappingOf(
    [...node.entries].map(([key, { at, value }]): [string, Entry] => {
      if (isNull(value) && bare === 'empty') return [key, { at, value: scalar('', value.at) }]
      if (isNull(value) && bare === 'mapping') return [key, { at, value: mappingOf([], value.at) }]
      return [key, { at, value: isNull(value) ? value : typed(of, value, below(where, key)) }]
    }),
    node.at,
  )
}

function typedScalar({ type }: Scalar, node: Node, where: string): Node {
  if (node.kind !== 'scalar' || isOpen(node)) return node
  const value = types[type](node, where)
  return value === undefined ? node : scalar(value, node.at)
}

type Typing = (node: Node, where: string) => string | number | boolean | undefined

const types: Readonly<Record<Scalar['type'], Typing>> = {
  text: plainText,
  flag,
  integer,
  number,
  bytes: (node, where) => (node.kind === 'scalar' && typeof node.value === 'number' ? Math.trunc(node.value) : bytesOf(node, where)),
  duration: durationOf,
  mode: modeOf,
  count: (node, where) => (plainText(node).toLowerCase() === 'all' ? -1 : integer(node, where)),
}

/** YAML 1.1's words too, for they come out of variables. */
function flag(node: Node, where: string): boolean {
  const text = plainText(node).toLowerCase()
  if (yes.has(text)) return true
  if (no.has(text)) return false
  throw invalidAt(node.at, `${where} must be true or false; it is "${text}"`)
}

function integer(node: Node, where: string): number {
  const text = plainText(node)
  if (!/^[-+]?\d+$/.test(text)) throw invalidAt(node.at, `${where} must be a whole number; it is "${text}"`)
  return Number(text)
}

function number(node: Node, where: string): number {
  const text = plainText(node)
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw invalidAt(node.at, `${where} must be a number; it is "${text}"`)
  return value
}
