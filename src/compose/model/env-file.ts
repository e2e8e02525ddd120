import { GalleyError } from '#base/error.ts'
import { interpolate, type Lookup } from './interpolate.ts'

/** Where variables of an env file come from beside the file itself. */
export interface Around {
  /** The caller's own: they win over the file's. */
  readonly shell: Lookup
  /** Those of earlier files: the file's win over them. */
  readonly earlier?: Lookup
}

/** A quoted value may go on over lines; a quote that nothing closes ends up as a plain value. */
const statement =
  /[ \t]*(?:#[^\n]*|(?:export[ \t]+)?([\p{L}\p{N}_.[\]-]+)[ \t]*(?:[=:][ \t]*(?:'((?:[^'\\]|\\[\s\S])*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\n]*)))?)?([^\n]*)(?:\n|$)/uy

/**
 * Parses `.env` and `env_file` (compose-spec, 05-services, env_file): `NAME=value`, `NAME: value`, `export NAME=value`, comments, single
 * quotes (literal), double quotes (escapes and variables), values over several lines inside quotes. A bare `NAME` takes the shell's value,
 * and is left out when that has none. Earlier lines count as variables of later ones. Throws `invalid` with the line.
 */
export function parseEnvFile(text: string, file: string, { shell, earlier }: Around): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  // The shell's own value wins over the file's, as everywhere in Compose.
  const known: Lookup = (name) => shell(name) ?? found[name] ?? earlier?.(name)
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  let start = 0
  while (start < source.length) {
    statement.lastIndex = start
    const [whole = '', name, single, double, plain, rest = ''] = statement.exec(source) ?? []
    // What follows a value may only be a comment.
    if (!/^[ \t]*(#|$)/.test(rest) || /^['"]/.test(plain ?? '')) throw wrongLine(source, start, file)
    start += whole.length
    if (name === undefined) continue
    const value = single?.replaceAll("\\'", "'") ?? valueOf(double, plain, known) ?? known(name)
    if (value !== undefined) found[name] = value
  }
  return found
}

function valueOf(double: string | undefined, plain: string | undefined, lookup: Lookup): string | undefined {
  if (double !== undefined) return interpolate(unescape(double), lookup).text
  if (plain === undefined) return undefined
  return interpolate(plain.replace(/ #.*$/, '').trimEnd(), lookup).text
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  $: '$$',
}

function unescape(text: string): string {
  return text.replaceAll(/\\(0\d{3}|[\s\S])/g, (whole, code: string) => {
    return code.length === 4 ? String.fromCodePoint(Number.parseInt(code, 8) & 0xff) : (escapes[code] ?? whole)
  })
}

function wrongLine(source: string, offset: number, file: string): GalleyError {
  const line = source.slice(0, offset).split('\n').length
  return new GalleyError('invalid', `${file}:${line}: expected NAME=value`, {
    code: 'compose.env-file',
    subject: file,
    advice: 'A comment begins with #; what has spaces, # or $ goes in quotes, and a quote that is opened is closed.',
  })
}

/** The same in `format: raw`, as `docker run --env-file` reads it: values as they stand, without quotes, variables or comments behind them. */
export function parseRawEnvFile(text: string, file: string, { shell, earlier }: Around): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n|\r$/)
  for (const [index, line] of lines.map((one) => one.trimStart()).entries()) {
    if (line === '' || line.startsWith('#')) continue
    const [name = '', ...rest] = line.split('=')
    if (name === '' || /\s/.test(name)) throw wrongLine(text, lines.slice(0, index).join('\n').length + 1, file)
    const value = rest.length > 0 ? rest.join('=') : (shell(name) ?? earlier?.(name))
    if (value !== undefined) found[name] = value
  }
  return found
}
