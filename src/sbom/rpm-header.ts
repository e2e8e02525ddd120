import type { FoundPackage } from './model.ts'

/** Tags of a header (RPM, file format, Header). */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  architecture: 1022,
  source: 1044,
} as const

/** A package as RPM's database has it: two numbers, so many entries of 16 bytes, and their values. None for a damaged one and for keys. */
export function packageOf(header: Buffer, path: string): FoundPackage[] {
  if (header.length < 8) return []
  const [count, start] = [header.readUInt32BE(0), 8 + header.readUInt32BE(0) * 16]
  if (start > header.length) return []
  const values = new Map<number, string>()
  for (let index = 0; index < count; index++) {
    const at = 8 + index * 16
    const value = valueAt(header, { type: header.readUInt32BE(at + 4), offset: start + header.readInt32BE(at + 8) })
    if (value !== undefined) values.set(header.readUInt32BE(at), value)
  }
  const [name, version, release] = [tags.name, tags.version, tags.release].map((tag) => values.get(tag))
  if (name === undefined || version === undefined || name === 'gpg-pubkey') return []
  return [
    {
      type: 'rpm',
      name,
      version: release === undefined ? version : `${version}-${release}`,
      epoch: values.get(tags.epoch),
      license: values.get(tags.license),
      architecture: values.get(tags.architecture),
      source: values.get(tags.source),
      maintainer: values.get(tags.vendor),
      path,
    },
  ]
}

const int32 = 4
/** One text, and the first of a list of texts in several languages. */
const texts = [6, 9]

function valueAt(header: Buffer, { type, offset }: { readonly type: number; readonly offset: number }): string | undefined {
  if (offset < 0 || offset + 4 > header.length + 3) return undefined
  if (type === int32) return offset + 4 > header.length ? undefined : String(header.readUInt32BE(offset))
  if (!texts.includes(type)) return undefined
  const end = header.indexOf(0, offset)
  return header.toString('utf8', offset, end < 0 ? header.length : end)
}
