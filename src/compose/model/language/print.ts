import type { Field, Form, List, Names, Scalar, Struct } from './form.ts'
import type { Mapping, Node, Scalar as ScalarNode } from '../tree.ts'
import { goDuration } from './go-duration.ts'
import { byCode, byName } from './order.ts'

/** What is printed: mappings in their order. */
export type Printed = string | number | boolean | null | Digits | readonly Printed[] | ReadonlyMap<string, Printed>

/** A number in other digits than JavaScript gives it: `1e+06`, or a whole one too long for it. */
export interface Digits {
  readonly digits: string
}

/** Docker Compose prints a little less in YAML than in the JSON that its hashes are made of. */
export type Target = 'yaml' | 'json'

/**
 * A typed part as Docker Compose prints it: attributes in their order, names in the alphabet's, without what is empty, zero or false
 * unless that was written and says something.
 */
export function print(form: Form, node: Node, target: Target): Printed {
  switch (form.kind) {
    case 'scalar':
      return printScalar(form, node)
    case 'list':
      return printList(form, node, target)
    case 'names':
      return printNames(form, node, target)
    case 'struct':
      return printStruct(form, node, target)
    case 'either':
      return print(node.kind === 'mapping' ? form.struct : form.scalar, node, target)
    case 'kept':
    case 'any':
      return printAnything(node, target)
  }
}

function printScalar({ type }: Scalar, node: Node): Printed {
  if (node.kind !== 'scalar' || node.value === null) return null
  switch (type) {
    case 'bytes':
      return String(node.value)
    case 'duration':
      return goDuration(Number(node.value))
    case 'mode':
      return `0${Number(node.value).toString(8)}`
    case 'number':
      return shortest(Number(node.value))
    default:
      return node.value
  }
}

/** Docker Compose keeps numbers in 32 bits: the shortest decimal that gives the same bits. */
function shortest(value: number): number {
  const single = Math.fround(value)
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits))
    if (Math.fround(short) === single) return short
  }
  return Number(single.toPrecision(9))
}

function printList(form: List, node: Node, target: Target): Printed {
  if (node.kind !== 'sequence') return null
  const items = node.items.map((item) => print(form.of, item, target))
  return form.sorted === true ? items.toSorted((a, b) => byCode(String(a), String(b))) : items
}

function printNames(form: Names, node: Node, target: Target): Printed {
  if (node.kind !== 'mapping') return null
  const entries = sorted(node, target).map(([key, value]) => [key, print(form.of, value, target)] as const)
  if (form.listed !== true) return new Map(entries)
  return entries.map(([key, value]) => (value === null || value === '' ? key : `${key}: ${String(value)}`))
}

function printStruct(form: Struct, node: Node, target: Target): Printed {
  if (node.kind !== 'mapping') return null
  const printed = new Map<string, Printed>()
  for (const [key, field] of Object.entries(form.fields)) {
    const value = printField(field, node.entries.get(key)?.value, target)
    if (value !== undefined) printed.set(target === 'json' ? (field.json ?? key) : key, value)
  }
  // A person's own keys are not part of what a hash is about.
  if (target === 'yaml')
    for (const [key, value] of sorted(node, target))
      if (!Object.hasOwn(form.fields, key) && key.startsWith('x-')) printed.set(key, printAnything(value, target))
  return form.short?.(printed, target) ?? printed
}

/** Undefined for what is not printed. */
function printField({ form, kept }: Field, node: Node | undefined, target: Target): Printed | undefined {
  const value = node === undefined ? null : print(form, node, target)
  if (kept === 'written, null in JSON') return value === null && target === 'yaml' ? undefined : value
  const always = kept === 'always' || kept === `always in ${target === 'json' ? 'JSON' : 'YAML'}`
  if (value === null) return always ? zero(form) : undefined
  return always || kept === 'written' || !isZero(form, value) ? value : undefined
}

function zero(form: Form): Printed {
  if (form.kind === 'struct')
    return printStruct(form, { kind: 'mapping', entries: new Map(), at: { file: '', line: 0, column: 0 } }, 'json')
  if (form.kind === 'names') return new Map()
  if (form.kind !== 'scalar') return null
  if (form.type === 'text') return ''
  return form.type === 'flag' ? false : form.type === 'bytes' ? '0' : 0
}

function isZero(form: Form, value: Printed): boolean {
  if (value instanceof Map) return value.size === 0
  if (Array.isArray(value)) return value.length === 0
  // The text "0" is none: it is a user, or a name.
  if (form.kind === 'scalar' && form.type !== 'text') return [0, false, '0', '0s'].some((zero) => zero === value)
  return value === ''
}

/** A part as it is, names in the alphabet's order. */
export function printAnything(node: Node, target: Target): Printed {
  if (node.kind === 'scalar') return digitsOf(node, target) ?? node.value
  if (node.kind === 'sequence') return node.items.map((item) => printAnything(item, target))
  return new Map(sorted(node, target).map(([key, value]) => [key, printAnything(value, target)]))
}

/** Go's JSON has an exponent for far larger numbers only. */
function digitsOf({ value, text }: ScalarNode, target: Target): Digits | undefined {
  if (typeof value !== 'number' || text === undefined) return undefined
  return target === 'yaml' || /^-?\d+$/.test(text) ? { digits: text } : undefined
}

/** Whether it is a number in digits of its own. */
export function isDigits(value: Printed): value is Digits {
  return typeof value === 'object' && value !== null && 'digits' in value
}

function sorted({ entries }: Mapping, target: Target): [string, Node][] {
  const order = target === 'yaml' ? byName : byCode
  return [...entries].map(([key, { value }]): [string, Node] => [key, value]).toSorted(([a], [b]) => order(a, b))
}
