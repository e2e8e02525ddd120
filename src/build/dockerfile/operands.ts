import type { Command, Heredoc, Pair } from './model.ts'

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
