import { stanzasOf } from './fields.ts'
import type { Cataloguer, FoundPackage, ScannedFile, System } from './model.ts'

/** Debian's packages: dpkg's own list, and one file for each where there is no dpkg (distroless images). */
export const dpkg: Cataloguer = {
  matches: (path) => path === 'var/lib/dpkg/status' || /^var\/lib\/dpkg\/status\.d\/[^/]+(?<!\.md5sums)$/.test(path),
  packages: (file) =>
    stanzasOf(textOf(file)).flatMap((fields): FoundPackage[] => {
      const [name, version] = [fields.get('package'), fields.get('version')]
      const status = fields.get('status')
      if (name === undefined || version === undefined || (status !== undefined && !status.endsWith(' installed'))) return []
      return [
        {
          type: 'deb',
          name,
          version,
          architecture: fields.get('architecture'),
          source: fields.get('source')?.replace(/ .*$/, ''),
          maintainer: fields.get('maintainer'),
          path: file.path,
        },
      ]
    }),
}

/** Alpine's packages: its list has fields of one letter (apk-package(5)). */
export const apk: Cataloguer = {
  matches: (path) => /^(usr\/)?lib\/apk\/db\/installed$/.test(path),
  packages: (file) =>
    stanzasWithCase(textOf(file)).flatMap((fields): FoundPackage[] => {
      const [name, version] = [fields.get('P'), fields.get('V')]
      if (name === undefined || version === undefined) return []
      const source = fields.get('o')
      return [
        {
          type: 'apk',
          name,
          version,
          license: fields.get('L'),
          architecture: fields.get('A'),
          source: source === name ? undefined : source,
          maintainer: fields.get('m'),
          path: file.path,
        },
      ]
    }),
}

function stanzasWithCase(text: string): Map<string, string>[] {
  return text.split('\n\n').map((stanza) => {
    const fields = new Map<string, string>()
    for (const line of stanza.split('\n')) if (line[1] === ':' && !fields.has(line[0] ?? '')) fields.set(line[0] ?? '', line.slice(2))
    return fields
  })
}

export const isSystemFile = (path: string): boolean => path === 'etc/os-release' || path === 'usr/lib/os-release'

/** undefined for a file that doesn't name the system. */
export function systemOf(file: ScannedFile): System | undefined {
  const values = new Map<string, string>()
  for (const line of textOf(file).split('\n')) {
    const [, name, value] = /^([A-Z_]+)=(?:"([^"]*)"|'[^']*'|\S*)/.exec(line) ?? []
    if (name !== undefined) values.set(name, value ?? line.slice(name.length + 1).replaceAll(/^'|'$/g, ''))
  }
  const id = values.get('ID')?.toLowerCase()
  if (id === undefined || id === '') return undefined
  return { id, version: values.get('VERSION_ID') ?? '', name: values.get('PRETTY_NAME') ?? id }
}

function textOf(file: ScannedFile): string {
  return file.read().toString('utf8')
}
