import { mayBeProgram, sectionsOf } from './elf.ts'
import type { Cataloguer, FoundPackage } from './model.ts'

/** What begins the section, and how its strings are written since Go 1.18: behind the header. */
const magic = '\xff Go buildinf:'
const inlineStrings = 2
const headerSize = 32
const largest = 16 << 20

/** What Go's linker writes down of a program (debug/buildinfo): the modules that it was built from, and Go's own library. */
export const go: Cataloguer = {
  largest: Number.MAX_SAFE_INTEGER,
  matches: mayBeProgram,
  packages: (file) => {
    const section = sectionsOf(file).get('.go.buildinfo')
    if (section === undefined || section.size < headerSize || section.size > largest) return []
    const bytes = section.read()
    if (bytes.toString('latin1', 0, magic.length) !== magic) return []
    if (((bytes[15] ?? 0) & inlineStrings) === 0)
      throw new Error('built by a Go older than 1.18, which writes its modules down in another way')
    const [version, next] = stringAt(bytes, headerSize)
    // Marks of 16 bytes stand around the modules.
    const modules = stringAt(bytes, next)[0].slice(16, -16)
    const found = [...modulesIn(modules), ...libraryOf(version)]
    return found.map(({ path, version: own }): FoundPackage => {
      const at = path.lastIndexOf('/')
      return { type: 'golang', ...(at > 0 && { namespace: path.slice(0, at) }), name: path.slice(at + 1), version: own, path: file.path }
    })
  },
}

interface Module {
  readonly path: string
  readonly version: string
}

/** Lines `mod` and `dep` with path and version; a line `=>` names what took the place of the one before. */
function modulesIn(text: string): Module[] {
  const modules: Module[] = []
  for (const line of text.split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t')
    if (kind === '=>') modules.pop()
    if (kind === 'mod' || kind === 'dep' || kind === '=>') modules.push({ path, version })
  }
  // What was built in a directory of its own has no version, nor has a module that was taken from one.
  return modules.filter(({ version, path }) => version !== '' && version !== '(devel)' && !/^\.{0,2}\//.test(path))
}

/** `go1.22.1`, perhaps with experiments behind it. */
function libraryOf(version: string): Module[] {
  const [, number] = /^go(\d\S*)/.exec(version) ?? []
  return number === undefined ? [] : [{ path: 'stdlib', version: number }]
}

/** A length (encoding/binary, Uvarint) and as many bytes; and where the next one begins. */
function stringAt(bytes: Buffer, start: number): [text: string, next: number] {
  let [length, at, factor] = [0, start, 1]
  for (;;) {
    const byte = bytes[at++]
    if (byte === undefined) return ['', at]
    length += (byte & 0x7f) * factor
    factor *= 128
    if (byte < 128) break
  }
  return [bytes.toString('utf8', at, at + length), at + length]
}
