import { inflateSync } from 'node:zlib'
import { isObject } from '#base/json.ts'
import { mayBeProgram, sectionsOf } from './elf.ts'
import type { Cataloguer, FoundPackage } from './model.ts'

/** Bytes, packed and unpacked. */
const largest = 16 << 20

/** What cargo auditable writes into a program: a packed list of the crates that it was built from (rust-secure-code, PARSING.md). */
export const rust: Cataloguer = {
  largest: Number.MAX_SAFE_INTEGER,
  matches: mayBeProgram,
  packages: (file) => {
    const section = sectionsOf(file).get('.dep-v0')
    if (section === undefined || section.size > largest) return []
    const { packages } = JSON.parse(inflateSync(section.read(), { maxOutputLength: largest }).toString('utf8')) as { packages?: unknown }
    return Array.isArray(packages) ? packages.flatMap((entry: unknown) => crateOf(entry, file.path)) : []
  },
}

/** Crates that only built the program are not in it. */
function crateOf(entry: unknown, path: string): FoundPackage[] {
  if (!isObject(entry)) return []
  const { name, version, kind } = entry
  if (typeof name !== 'string' || typeof version !== 'string' || kind === 'build') return []
  return [{ type: 'cargo', name, version, path }]
}
