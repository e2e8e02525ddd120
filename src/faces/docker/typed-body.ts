import { GalleyError } from '#base/error.ts'

/**
 * The type of a JSON value as the API's specification gives it: a name, a list of one type, a map of texts to one type, or an
 * object of known fields; `words` is a list of texts or one text. `null` passes but in a list, as Go's decoder leaves a field alone then; unknown fields pass.
 */
export type Type =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'words'
  | 'any'
  | { readonly list: Type }
  | { readonly map: Type }
  | { readonly fields: Fields }
export type Fields = Readonly<Record<string, Type>>

export const list = (of: Type): Type => ({ list: of })
export const map = (of: Type): Type => ({ map: of })
export const fields = (of: Fields): Type => ({ fields: of })

const goNames = { string: 'string', integer: 'int64', boolean: 'bool' } as const

/** Checks a request's body before anything reads it. Throws `invalid` with the field's name, as Go's JSON decoder words it. */
export function checkBody(value: unknown, type: Type, path = ''): void {
  if (value === null || value === undefined || type === 'any') return
  if (type === 'words') {
    if (typeof value !== 'string') checkBody(value, list('string'), path)
  } else if (typeof type === 'string') {
    const fits = type === 'integer' ? Number.isInteger(value) : typeof value === type
    if (!fits) throw mismatch(value, path, goNames[type])
  } else if ('list' in type) {
    if (!Array.isArray(value)) throw mismatch(value, path, 'slice')
    for (const item of value) {
      if (item === null) throw mismatch(item, path, 'slice')
      checkBody(item, type.list, path)
    }
  } else {
    if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(value, path, 'map' in type ? 'map' : 'struct')
    for (const [name, item] of Object.entries(value)) {
      const own = 'map' in type ? type.map : (type.fields[name] ?? 'any')
      checkBody(item, own, 'map' in type || path === '' ? path || name : `${path}.${name}`)
    }
  }
}

function mismatch(value: unknown, path: string, wanted: string): GalleyError {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const shown = typeof value === 'number' && wanted === 'int64' ? `number ${value}` : kind
  return new GalleyError('invalid', `invalid JSON: json: cannot unmarshal ${shown} into Go struct field ${path} of type ${wanted}`, {
    code: 'request.wrong-type',
    subject: path,
  })
}
