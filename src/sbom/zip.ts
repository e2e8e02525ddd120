import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import type { ScannedFile } from './model.ts'

const inflate = promisify(inflateRaw)

export interface ZipEntry {
  readonly name: string
  /** Bytes, unpacked. */
  readonly size: number
  /** Throws for a damaged archive, and for what is longer than it says. */
  content(): Promise<Buffer>
}

/** Bytes in which the end of an archive lies, with its comment. */
const endSpace = 22 + 0xffff
const mostEntries = 200_000
const largestDirectory = 64 << 20
const largestEntry = 128 << 20

/** The entries of an archive (PKWARE, APPNOTE.TXT 4.3); none for what is no archive. Archives of more than 4 GiB are not read. */
export function zipEntries(file: Pick<ScannedFile, 'size' | 'read'>): readonly ZipEntry[] {
  const tail = file.read(Math.max(0, file.size - endSpace), endSpace)
  const at = tail.lastIndexOf(Buffer.from('PK\u0005\u0006'))
  if (at < 0 || at + 22 > tail.length) return []
  const [size, start] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
  if (size > largestDirectory || start + size > file.size) return []
  return [...entriesIn(file.read(start, size), file)]
}

function* entriesIn(directory: Buffer, file: Pick<ScannedFile, 'read'>): Generator<ZipEntry> {
  let at = 0
  for (let count = 0; count < mostEntries && at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02014b50; count++) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field)) as [number, number, number]
    const fields = {
      method: directory.readUInt16LE(at + 10),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    }
    const name = directory.subarray(at + 46, at + 46 + nameLength).toString('utf8')
    yield { name, size: fields.size, content: () => contentOf(file, fields) }
    at += 46 + nameLength + extra + comment
  }
}

async function contentOf(
  file: Pick<ScannedFile, 'read'>,
  { method, packed, size, offset }: { readonly method: number; readonly packed: number; readonly size: number; readonly offset: number },
): Promise<Buffer> {
  if (Math.max(packed, size) > largestEntry) throw new Error('an entry is too large')
  const header = file.read(offset, 30)
  if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50) throw new Error('damaged archive')
  const bytes = file.read(offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), packed)
  if (method === 0) return bytes
  if (method !== 8) throw new Error(`compression method ${method}`)
  return inflate(bytes, { maxOutputLength: Math.max(1, size) })
}
