import { GalleyError } from '#base/error.ts'

export type EntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'

/**
 * One member of a tar archive (POSIX ustar with PAX and GNU extensions). Names are text, or bytes as latin1, as its reader
 * says.
 */
export interface TarEntry {
  readonly type: EntryType
  readonly path: string
  readonly target: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of the file as it will be; a sparse member's body has fewer. */
  readonly size: number
  /** Seconds since the epoch, with fractions. */
  readonly mtime: number
  readonly major: number
  readonly minor: number
  readonly xattrs: ReadonlyMap<string, Buffer>
}

export const block = 512
/** No name or attribute list is longer; what claims to be is an attack on memory. */
export const longestExtension = 1 << 20

/** A directory's or file's extension records; the last of a name counts. */
export type Records = ReadonlyMap<string, Buffer>

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

export function kindOfHeader(header: Buffer): string {
  return String.fromCharCode(header[156] ?? 0)
}

/** Zeros mark the end. Throws `invalid` when the checksum is wrong. */
export function isEnd(header: Buffer): boolean {
  let sum = 0
  for (let at = 0; at < block; at++) sum += header[at] ?? 0
  if (sum === 0) return true
  // The checksum's own field counts as blanks.
  for (let at = 148; at < 156; at++) sum += 32 - (header[at] ?? 0)
  if (sum !== numeric(header, 148, 8)) throw damaged('checksum')
  return false
}

/** The member that a header and the extensions before it announce, names decoded so. Throws `invalid`, `not implemented`. */
export function entryOf(header: Buffer, extra: Records, encoding: 'utf8' | 'latin1'): TarEntry {
  const kind = kindOfHeader(header)
  const type = types[kind]
  if (type === undefined) throw new GalleyError('not implemented', `tar member type '${kind}' is not implemented by Galley`)
  const text = (key: string): string | undefined => extra.get(key)?.toString(encoding)
  const path = text('GNU.sparse.name') ?? text('path') ?? nameOf(header, encoding)
  const xattrs = new Map<string, Buffer>()
  for (const [key, value] of extra) if (key.startsWith('SCHILY.xattr.')) xattrs.set(key.slice('SCHILY.xattr.'.length), value)
  return {
    type: type === 'file' && path.endsWith('/') ? 'directory' : type,
    path,
    target: text('linkpath') ?? field(header, 157, 100).toString(encoding),
    mode: numeric(header, 100, 8) & 0o7777,
    uid: identity(extra, header, 'uid', 108),
    gid: identity(extra, header, 'gid', 116),
    size: type === 'file' ? sizeOf(header, extra) : 0,
    mtime: extra.has('mtime') ? finite(Number(text('mtime')), 'mtime') : numeric(header, 136, 12),
    major: numeric(header, 329, 8),
    minor: numeric(header, 337, 8),
    xattrs,
  }
}

/** Bytes that follow the header. A hard link's, which some tools announce, are none. */
export function sizeOf(header: Buffer, extra: Records): number {
  const given = extra.get('size')
  const size = given === undefined ? numeric(header, 124, 12) : Number(given.toString('latin1'))
  if (!Number.isSafeInteger(size) || size < 0) throw damaged('size')
  return size
}

/** An id that doesn't fit the kernel's 32 bits would come out as another, such as root's (CVE-2024-40635). */
function identity(extra: Records, header: Buffer, key: 'uid' | 'gid', at: number): number {
  const given = extra.get(key)
  const id = given === undefined ? numeric(header, at, 8) : Number(given.toString('latin1'))
  if (!Number.isInteger(id) || id < 0 || id >= 2 ** 32 - 1) throw damaged(key)
  return id
}

function finite(value: number, what: string): number {
  if (!Number.isFinite(value)) throw damaged(what)
  return value
}

function nameOf(header: Buffer, encoding: 'utf8' | 'latin1'): string {
  const isPosix = header.toString('latin1', 257, 262) === 'ustar' && header[262] === 0
  const prefix = isPosix ? field(header, 345, 155).toString(encoding) : ''
  const name = field(header, 0, 100).toString(encoding)
  return prefix === '' ? name : `${prefix}/${name}`
}

function field(header: Buffer, offset: number, length: number): Buffer {
  return untilNul(header.subarray(offset, offset + length))
}

export function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

/** Octal text, or GNU's base-256 when the first bit is set. */
export function numeric(header: Buffer, offset: number, length: number): number {
  const bytes = header.subarray(offset, offset + length)
  if (((bytes[0] ?? 0) & 0x80) !== 0) return Number(BigInt.asIntN(length * 8 - 8, BigInt(`0x${bytes.subarray(1).toString('hex')}`)))
  const text = untilNul(bytes).toString('latin1').trim()
  const value = text === '' ? 0 : Number.parseInt(text, 8)
  if (Number.isNaN(value)) throw damaged('number')
  return value
}

/** PAX records, `length key=value\n`; values may hold any byte. */
export function* records(bytes: Buffer): Generator<[string, Buffer]> {
  let at = 0
  while (at < bytes.length) {
    const space = bytes.indexOf(32, at)
    const length = Number(bytes.toString('latin1', at, space))
    const equals = bytes.indexOf(61, space)
    const sound = space !== -1 && equals !== -1 && Number.isInteger(length) && equals < at + length && at + length <= bytes.length
    if (!sound) throw new GalleyError('invalid', 'damaged PAX header', { code: 'tar.damaged' })
    yield [bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, at + length - 1)]
    at += length
  }
}

export function truncated(): GalleyError {
  return new GalleyError('invalid', 'the tar archive ends in the middle of a member', { code: 'tar.truncated' })
}

function damaged(what: string): GalleyError {
  return new GalleyError('invalid', `damaged tar header: ${what}`, { code: 'tar.damaged' })
}
