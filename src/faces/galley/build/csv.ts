import { GalleyError } from '#base/error.ts'

/** The fields of a line of CSV (RFC 4180): docker's options take one, such as `type=local,"dest=a,b"`. */
export function csvFields(line: string): string[] {
  const fields: string[] = []
  let rest = line
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(,|$)/s.exec(rest)
    const [whole = '', text = '', end = ''] = quoted ?? /^([^,]*)(,|$)/s.exec(rest) ?? []
    fields.push(quoted === null ? text : text.replaceAll('""', '"'))
    if (end === '') return fields
    rest = rest.slice(whole.length)
  }
}

/** `name=value` fields by name, as option `--${option}` takes them. Throws `invalid` for a field without a value. */
export function csvAttributes(option: string, fields: readonly string[]): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null) as Record<string, string>
  for (const field of fields) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(field) ?? []
    if (name === undefined || value === undefined)
      throw new GalleyError('invalid', `--${option}: invalid value ${field}: it is no NAME=VALUE`, { subject: field })
    attributes[name.trim().toLowerCase()] = value
  }
  return attributes
}
