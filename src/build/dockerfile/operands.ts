import type { Command, Heredoc, Pair, WantedDevice } from './model.ts'

export type Fail = (problem: string) => never

/** A JSON list of texts, as the exec form is; undefined when the text is none. */
export function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

export function commandOf(text: string, heredocs: readonly Heredoc[]): Command {
  const args = jsonList(text)
  return args === undefined ? { form: 'shell', text, heredocs } : { form: 'exec', args }
}

/** A JSON list, else the words between blanks; quotes mean nothing here. */
export function listOf(text: string): string[] {
  return jsonList(text) ?? text.split(/\s+/).filter((word) => word !== '')
}

/** Words between blanks outside quotes, quotes kept: they are removed where variables are expanded. */
export function quotedWords(text: string, escape: string): string[] {
  const mark = escape === '\\' ? '\\\\' : escape
  return text.match(new RegExp(`(?:${mark}[\\s\\S]|"(?:${mark}[\\s\\S]|[^"${mark}])*"|'[^']*'|[^\\s${mark}])+`, 'g')) ?? []
}

/** `a=b c="d e"`, or the old form `a the rest`, for `ENV` and `LABEL`. */
export function pairsOf(keyword: string, text: string, escape: string, fail: Fail): Pair[] {
  const words = quotedWords(text, escape)
  if (words[0]?.includes('=') !== true) {
    const [, name, value] = /^(\S+)\s+(.+)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) return fail(`${keyword} must have two arguments`)
    return [{ name, value }]
  }
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 0) return fail(`Syntax error - can't find = in "${word}". Must be of the form: name=value`)
    if (at === 0) return fail(`${keyword} names can not be blank`)
    return { name: word.slice(0, at), value: word.slice(at + 1) }
  })
}

/** `name[,required]` of `RUN --device`, also as `name=…,required=…`. */
export function deviceOf(text: string, fail: Fail): WantedDevice {
  let [name, required] = ['', false]
  for (const field of text.split(',')) {
    const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(field) ?? []
    if (key.toLowerCase() === 'required') required = switchIn(value ?? 'true', fail)
    else if (key.toLowerCase() === 'name' && value !== undefined) {
      if (name !== '') return fail(`device name already set to ${name}`)
      name = value
    } else if (name === '') name = field
    else return fail(value === undefined ? `invalid field '${field}' must be a key=value pair` : `unexpected key '${key}' in '${field}'`)
  }
  return { name, required }
}

function switchIn(value: string, fail: Fail): boolean {
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  return fail(`invalid value for required: ${value}`)
}
