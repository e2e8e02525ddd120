import { GalleyError } from '#base/error.ts'
import { interpolate, type Lookup } from './interpolate.ts'

/**
 * Parses `.env` and `env_file` (compose-spec, 05-services, env_file): `NAME=value`, `export NAME=value`, comments, single quotes
 * (literal), double quotes (escapes and variables), values over several lines inside quotes. A bare `NAME` takes its value from
 * `lookup`, and is left out when that has none. Earlier lines count as variables of later ones. Throws `invalid` with the line.
 */
export function parseEnvFile(text: string, file: string, lookup: Lookup): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  // The shell's own value wins over the file's, as everywhere in Compose.
  const known: Lookup = (name) => lookup(name) ?? found[name]
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const statement =
    /[ \t]*(?:#[^\n]*|(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:=[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\n]*)))?)?([^\n]*)(?:\n|$)/y
  while (statement.lastIndex < source.length) {
    const start = statement.lastIndex
    const match = statement.exec(source)
    const [, name, single, double, plain, rest = ''] = match ?? []
    // What follows a value may only be a comment; a quote that nothing closes ends up in `plain`.
    if (!/^[ \t]*(#|$)/.test(rest) || /^['"]/.test(plain ?? '')) throw wrongLine(source, start, file)
    if (name === undefined) continue
    const value = single ?? valueOf(double, plain, known) ?? lookup(name)
    if (value !== undefined) found[name] = value
  }
  return found
}

function valueOf(double: string | undefined, plain: string | undefined, lookup: Lookup): string | undefined {
  if (double !== undefined) return interpolate(unescape(double), lookup).text
  if (plain === undefined) return undefined
  return interpolate(plain.replace(/(^|[ \t])#.*$/, '').trim(), lookup).text
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$$' }

function unescape(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, (whole, character: string) => escapes[character] ?? whole)
}

function wrongLine(source: string, offset: number, file: string): GalleyError {
  const line = source.slice(0, offset).split('\n').length
  return new GalleyError('invalid', `${file}:${line}: expected NAME=value`, { code: 'compose.env-file', subject: file })
}

/** The same in `format: raw`, as `docker run --env-file` reads it: values as they stand, without quotes, variables or comments behind them. */
export function parseRawEnvFile(text: string, file: string, lookup: Lookup): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [index, line] of lines.map((one) => one.trimStart()).entries()) {
    if (line === '' || line.startsWith('#')) continue
    const [name = '', ...rest] = line.split('=')
    if (name === '' || /\s/.test(name)) throw wrongLine(text, lines.slice(0, index).join('\n').length + 1, file)
    const value = rest.length > 0 ? rest.join('=') : lookup(name)
    if (value !== undefined) found[name] = value
  }
  return found
}
