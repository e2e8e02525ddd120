export type Fields = ReadonlyMap<string, string>

/** Stanzas of `Name: value` lines, parted by empty lines; a line that begins with a blank goes on with the one before. Names in lower case. */
export function stanzasOf(text: string): Fields[] {
  const stanzas: Map<string, string>[] = []
  let last: { readonly fields: Map<string, string>; readonly name: string } | undefined
  let fields: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') {
      fields = last = undefined
    } else if (/^[ \t]/.test(line)) {
      last?.fields.set(last.name, `${last.fields.get(last.name) ?? ''}\n${line.trim()}`)
    } else {
      const at = line.indexOf(':')
      if (at < 0) continue
      if (fields === undefined) stanzas.push((fields = new Map()))
      const name = line.slice(0, at).toLowerCase()
      last = { fields, name }
      if (!fields.has(name)) fields.set(name, line.slice(at + 1).trim())
    }
  }
  return stanzas
}
