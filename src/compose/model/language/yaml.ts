import { realText, resolvePlain } from '../scalars.ts'
import { isDigits, type Printed } from './print.ts'

/** Words and numbers of YAML 1.1 that older readers would not take for texts. */
const oldWord = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const special = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const timestamp = /^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ]\s*\d{1,2}:\d{2}:\d{2}(?:\.\d*)?)/
/** What a plain scalar can't begin with, in a block. */
const indicator = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$)|---|\.\.\.)/
const unprintable = /[^\n\x20-\x7e\x85\xa0-\u{d7ff}\u{e000}-\u{fefe}\u{ff00}-\u{fffd}]/u

/** YAML as Docker Compose writes it: two spaces for each level, lists within mappings indented, texts quoted only where they must be. */
export function yamlText(value: Printed): string {
  return `${block(value, 0).replace(/^[\n ]/, '')}\n`
}

/** What stands behind a key or a dash, with the space or line break that goes before it. */
function block(value: Printed, level: number): string {
  if (value instanceof Map && value.size > 0) return `\n${mapping(value as ReadonlyMap<string, Printed>, level)}`
  if (Array.isArray(value) && value.length > 0) return `\n${sequence(value, level)}`
  return ` ${inline(value, level)}`
}

function mapping(entries: ReadonlyMap<string, Printed>, level: number): string {
  const pad = '  '.repeat(level)
  return [...entries].map(([key, value]) => `${pad}${keyText(key)}:${block(value, level + 1)}`).join('\n')
}

function sequence(items: readonly Printed[], level: number): string {
  const pad = '  '.repeat(level)
  // A list's own first line goes on behind the dash.
  return items.map((item) => `${pad}-${block(item, level + 1).replace(/^\n\s*/, ' ')}`).join('\n')
}

function inline(value: Printed, level: number): string {
  if (isDigits(value)) return value.digits
  if (value instanceof Map) return '{}'
  if (Array.isArray(value)) return '[]'
  return typeof value === 'string' ? text(value, level) : scalar(value as number | boolean | null)
}

function scalar(value: number | boolean | null): string {
  return typeof value === 'number' && !Number.isInteger(value) ? realText(value) : String(value)
}

function keyText(key: string): string {
  return key.includes('\n') ? double(key) : flow(key)
}

function text(value: string, level: number): string {
  return value.includes('\n') && isBlock(value) ? literal(value, level) : value.includes('\n') ? double(value) : flow(value)
}

/** On one line: plain, else in single quotes, else in double quotes. */
function flow(value: string): string {
  if (!isText(value)) return double(value)
  if (unprintable.test(value)) return double(value)
  const plain = !indicator.test(value) && !/^\s|\s$|:(?:\s|$)|\s#|[\x85\u2028\u2029]/.test(value)
  return plain ? value : `'${value.replaceAll("'", "''")}'`
}

/** Whether it would be read as the text that it is. */
function isText(value: string): boolean {
  const others = [oldWord, base60, special, timestamp]
  return typeof resolvePlain(value).value === 'string' && !others.some((pattern) => pattern.test(value))
}

/** A text of several lines that a block can hold: nothing unprintable, no space at its end. */
function isBlock(value: string): boolean {
  return !unprintable.test(value.replaceAll('\t', '')) && !/ \n/.test(value) && !value.endsWith(' ')
}

function literal(value: string, level: number): string {
  const pad = '  '.repeat(level)
  const hint = /^[ \n]/.test(value) ? '2' : ''
  const end = value.endsWith('\n\n') || value === '\n' ? '+' : value.endsWith('\n') ? '' : '-'
  const body = (value.endsWith('\n') ? value.slice(0, -1) : value).split('\n')
  return `|${hint}${end}\n${body.map((line) => (line === '' ? '' : `${pad}${line}`)).join('\n')}`
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function double(value: string): string {
  const inner = [...value].map((character) => escapes[character] ?? (unprintable.test(character) ? hexadecimal(character) : character))
  return `"${inner.join('')}"`
}

function hexadecimal(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`
}
