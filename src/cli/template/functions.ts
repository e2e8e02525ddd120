import { templateError } from './tokens.ts'

/** A value in a template. A field that takes arguments is a function, as methods are in Go. */
export type Value = string | number | boolean | undefined | readonly Value[] | { readonly [name: string]: Value } | Method

type Method = (...args: readonly Value[]) => Value

/** As Go prints a value. */
export function printed(value: Value): string {
  if (value === undefined) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`
  if (typeof value === 'object') return `{${Object.values(value).map(printed).join(' ')}}`
  return typeof value === 'function' ? '' : String(value)
}

/** Whether Go takes a value for true: what is empty, zero or absent is not. */
export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0
  return value !== undefined && value !== '' && value !== 0 && value !== false
}

/** What docker's commands have in templates, and what Go has. */
export const functions: Readonly<Record<string, Method>> = {
  json: (value) => JSON.stringify(value) ?? 'null',
  split: (text, separator) => wantText(text, 'split').split(wantText(separator, 'split')),
  join: (list, separator) =>
    (Array.isArray(list) ? list : Object.values((list ?? []) as Readonly<Record<string, Value>>))
      .map(printed)
      .join(wantText(separator, 'join')),
  title: (text) => wantText(text, 'title').replaceAll(/(?<![\w'])\p{Ll}/gu, (letter) => letter.toUpperCase()),
  lower: (text) => wantText(text, 'lower').toLowerCase(),
  upper: (text) => wantText(text, 'upper').toUpperCase(),
  pad: (text, before, behind) => {
    const source = wantText(text, 'pad')
    return source === '' ? '' : `${' '.repeat(wantNumber(before, 'pad'))}${source}${' '.repeat(wantNumber(behind, 'pad'))}`
  },
  truncate: (text, length) => wantText(text, 'truncate').slice(0, wantNumber(length, 'truncate')),
  print: (...values) =>
    values
      .map((value, at) => `${at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string' ? ' ' : ''}${printed(value)}`)
      .join(''),
  println: (...values) => `${values.map(printed).join(' ')}\n`,
  printf: (form, ...values) => formatted(wantText(form, 'printf'), values),
  len: (value) => {
    if (typeof value === 'string') return Buffer.byteLength(value)
    if (typeof value === 'object') return Object.keys(value).length
    throw templateError('error calling len: it has no length')
  },
  index: (value, ...keys) => keys.reduce((inner, key) => within(inner, key), value),
  eq: (value, ...others) => others.some((other) => other === value),
  ne: (one, other) => one !== other,
  lt: (one, other) => compare(one, other) < 0,
  le: (one, other) => compare(one, other) <= 0,
  gt: (one, other) => compare(one, other) > 0,
  ge: (one, other) => compare(one, other) >= 0,
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: (value) => !isTrue(value),
}

function within(value: Value, key: Value): Value {
  if (typeof value !== 'object') throw templateError("error calling index: can't index it")
  const found: Value = Array.isArray(value)
    ? (value as readonly Value[])[Number(key)]
    : (value as Readonly<Record<string, Value>>)[printed(key)]
  if (found === undefined && Array.isArray(value)) throw templateError(`error calling index: index out of range: ${printed(key)}`)
  return found
}

function compare(one: Value, other: Value): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  if (typeof one !== 'string' || typeof other !== 'string') throw templateError('incompatible types for comparison')
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** `%s`, `%v`, `%d`, `%q`, `%t`, `%f` and `%%`, with widths. */
function formatted(form: string, values: readonly Value[]): string {
  let at = 0
  return form.replaceAll(/%(-)?(0)?(\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (whole, ...found: readonly (string | undefined)[]) => {
    const [left, zero, width = '0', digits, verb = ''] = found
    if (verb === '%') return '%'
    const text = verbs[verb]?.(values[at++], digits)
    if (text === undefined) throw templateError(`printf: ${whole} is not implemented by Galley`)
    return left === undefined ? text.padStart(Number(width), zero ?? ' ') : text.padEnd(Number(width))
  })
}

const verbs: Readonly<Record<string, (value: Value, digits: string | undefined) => string>> = {
  s: (value, digits) => printed(value).slice(0, digits === undefined ? undefined : Number(digits)),
  v: printed,
  d: printed,
  t: printed,
  q: (value) => JSON.stringify(printed(value)),
  f: (value, digits = '6') => Number(value).toFixed(Number(digits)),
}

function wantText(value: Value, name: string): string {
  if (typeof value === 'string') return value
  throw templateError(`wrong type of an argument of ${name}: it takes a string`)
}

function wantNumber(value: Value, name: string): number {
  if (typeof value === 'number') return value
  throw templateError(`wrong type of an argument of ${name}: it takes a number`)
}
