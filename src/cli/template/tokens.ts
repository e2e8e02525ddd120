import { GalleyError } from '#base/error.ts'

/** A piece of a Go template (text/template): text, or the words between `{{` and `}}`. */
export type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'action'; readonly words: readonly Token[] }

/** A word of an action. */
export type Token =
  | { readonly kind: 'value'; readonly value: string | number | boolean | undefined }
  /** `.A.B`; `.` has none. */
  | { readonly kind: 'field'; readonly path: readonly string[] }
  /** `$x.A`. */
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'sign'; readonly sign: '(' | ')' | '|' | ':=' | '=' | ',' }

/** Words as Go writes its constants; a field stands by itself, and none is joined to the word before. */
const word =
  /\s+|("(?:[^"\\\n]|\\.)*")|(`[^`]*`)|('(?:[^'\\]|\\.)+')|([+-]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?))|(\$\w*)((?:\.\w+)*)|((?:\.\w+)+)|(\.)|(\w+)|(:=|[()|=,])/uy

/** Parts a template into its pieces. Throws `invalid`. */
export function pieces(template: string): Piece[] {
  const found: Piece[] = []
  let rest = template
  let trimmed = false
  for (;;) {
    const at = rest.indexOf('{{')
    const text = trimmed ? rest.slice(0, at < 0 ? undefined : at).trimStart() : rest.slice(0, at < 0 ? undefined : at)
    const trims = at >= 0 && /^\{\{-\s/.test(rest.slice(at))
    if (text !== '') found.push({ kind: 'text', text: trims ? text.trimEnd() : text })
    if (at < 0) return found
    const [whole, inner = '', end = ''] =
      /^\{\{(?:-(?=\s))?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'|(?!-?\}\})[\s\S])*?)(\s-)?\}\}/.exec(rest.slice(at)) ?? []
    if (whole === undefined) throw templateError('unclosed action')
    trimmed = end !== ''
    rest = rest.slice(at + whole.length)
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(inner)) found.push({ kind: 'action', words: tokens(inner) })
  }
}

function tokens(text: string): Token[] {
  const found: Token[] = []
  for (let at = 0; at < text.length;) {
    word.lastIndex = at
    const match = word.exec(text)
    if (match === null) throw templateError(`unexpected "${text.slice(at, at + 1)}" in "${text.trim()}"`)
    at = word.lastIndex
    const token = tokenOf(match)
    if (token !== undefined) found.push(token)
  }
  return found
}

function tokenOf([, double, raw, character, number, variable, after = '', path, dot, name, sign]: RegExpExecArray): Token | undefined {
  if (double !== undefined) return { kind: 'value', value: unquoted(double) }
  if (raw !== undefined) return { kind: 'value', value: raw.slice(1, -1) }
  if (character !== undefined) return { kind: 'value', value: unquoted(`"${character.slice(1, -1)}"`).codePointAt(0) }
  if (number !== undefined) return { kind: 'value', value: Number(number) }
  if (variable !== undefined) return { kind: 'variable', name: variable, path: namesIn(after) }
  if (path !== undefined) return { kind: 'field', path: namesIn(path) }
  if (dot !== undefined) return { kind: 'field', path: [] }
  if (name === 'true' || name === 'false') return { kind: 'value', value: name === 'true' }
  if (name === 'nil') return { kind: 'value', value: undefined }
  if (name !== undefined) return { kind: 'name', name }
  return sign === undefined ? undefined : { kind: 'sign', sign: sign as Extract<Token, { kind: 'sign' }>['sign'] }
}

function namesIn(path: string): string[] {
  return path.split('.').filter((part) => part !== '')
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text.replaceAll(/\\(?:a|v|'|x([\da-fA-F]{2}))/g, (whole, hex?: string) => escaped(whole, hex))) as string
  } catch {
    throw templateError(`${text} is no string`)
  }
}

/** What Go knows and JSON does not. */
function escaped(whole: string, hex: string | undefined): string {
  if (hex !== undefined) return `\\u00${hex}`
  return whole === String.raw`\'` ? "'" : whole === String.raw`\a` ? String.raw`\u0007` : String.raw`\u000b`
}

export function templateError(problem: string): GalleyError {
  return new GalleyError('invalid', `template parsing error: ${problem}`, {
    code: 'cli.option-value',
    advice: 'It is a Go template: {{.Name}}, {{json .}}, {{range split .Ports ","}}{{.}}{{end}}.',
  })
}
