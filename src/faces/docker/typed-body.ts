import { GalleyError } from '#base/error.ts'

/**
 * The type of a JSON value as the API's specification gives it: a name, a list of one type, a map of texts to one type, or an
 * object of known fields; `words` is a list of texts or one text. `null` passes but in a list, as Go's decoder leaves a field alone then; unknown fields pass.
 * Of a `whole` object, the fields that are missing have Go's zero values, which Docker shows, too.
 */
export type Type =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'words'
  | 'any'
  | { readonly list: Type }
  | { readonly map: Type }
  | { readonly fields: Fields; readonly whole: boolean }
export type Fields = Readonly<Record<string, Type>>

export const list = (of: Type): Type => ({ list: of })
export const map = (of: Type): Type => ({ map: of })
export const fields = (of: Fields): Type => ({ fields: of, whole: false })
export const whole = (of: Fields): Type => ({ fields: of, whole: true })

const zeros: Readonly<Record<string, unknown>> = { string: '', integer: 0, boolean: false }
const goNames = { string: 'string', integer: 'int64', boolean: 'bool' } as const

/**
 * Checks a request's body before anything reads it, and returns it with the names of its fields as the specification spells them:
 * Go's JSON decoder takes them in any case, and docker-py writes `detachKeys`. Throws `invalid` with the field's name, as that decoder words it.
 */
export function decodeBody(body: Readonly<Record<string, unknown>>, type: Type): Record<string, unknown> {
  return decode(body, type, '') as Record<string, unknown>
}

function decode(value: unknown, type: Type, path: string): unknown {
  if (value === null || value === undefined || type === 'any') return value
  if (type === 'words') return typeof value === 'string' ? value : decode(value, list('string'), path)
  if (typeof type === 'string') {
    const fits = type === 'integer' ? Number.isInteger(value) : typeof value === type
    if (!fits) throw mismatch(value, path, goNames[type])
    return value
  }
  if ('list' in type) {
    if (!Array.isArray(value)) throw mismatch(value, path, 'slice')
    return value.map((item: unknown) => {
      if (item === null) throw mismatch(item, path, 'slice')
      return decode(item, type.list, path)
    })
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(value, path, 'map' in type ? 'map' : 'struct')
  const decoded = Object.entries(value).map(([name, item]) => decodeEntry(name, item, { type, path }))
  if ('map' in type || !type.whole) return Object.fromEntries(decoded)
  const zero = Object.entries(type.fields).map(([name, own]) => [name, (typeof own === 'string' ? zeros[own] : undefined) ?? null])
  return Object.fromEntries([...zero, ...decoded.filter(([, item]) => item !== null)])
}

function decodeEntry(
  given: string,
  item: unknown,
  { type, path }: { readonly type: { readonly map: Type } | { readonly fields: Fields }; readonly path: string },
): [string, unknown] {
  const name = 'map' in type ? given : spelled(given, type.fields)
  const own = 'map' in type ? type.map : Object.hasOwn(type.fields, name) ? (type.fields[name] ?? 'any') : 'any'
  return [name, decode(item, own, 'map' in type || path === '' ? path || name : `${path}.${name}`)]
}

function spelled(name: string, known: Fields): string {
  if (Object.hasOwn(known, name)) return name
  return Object.keys(known).find((field) => field.toLowerCase() === name.toLowerCase()) ?? name
}

function mismatch(value: unknown, path: string, wanted: string): GalleyError {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const shown = typeof value === 'number' && wanted === 'int64' ? `number ${value}` : kind
  return new GalleyError('invalid', `invalid JSON: json: cannot unmarshal ${shown} into Go struct field ${path} of type ${wanted}`, {
    code: 'request.wrong-type',
    subject: path,
  })
}

/** A text of a body that was decoded: empty where it is missing, or null. */
export function textOf(value: unknown): string {
  return (value ?? '') as string
}

/** A map of texts likewise; Go's decoder takes null for an empty one. */
export function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries((value ?? {}) as Record<string, string | null>).map(([name, text]) => [name, text ?? '']))
}
