import { isDigits, type Printed } from './print.ts'

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** JSON as Go writes it: with what HTML minds escaped. `indent` is of each level, for people; without it, all is on one line. */
export function jsonText(value: Printed, indent = '', level = ''): string {
  const inner = level + indent
  const [open, close, colon] = indent === '' ? ['', '', ':'] : [`\n${inner}`, `\n${level}`, ': ']
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[${open}${value.map((item) => jsonText(item as Printed, indent, inner)).join(`,${open}`)}${close}]`
  }
  if (value instanceof Map) {
    if (value.size === 0) return '{}'
    const entries = [...(value as ReadonlyMap<string, Printed>)].map(
      ([key, item]) => `${quoted(key)}${colon}${jsonText(item, indent, inner)}`,
    )
    return `{${open}${entries.join(`,${open}`)}${close}}`
  }
  if (isDigits(value)) return value.digits
  return typeof value === 'string' ? quoted(value) : String(value)
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character)
}
