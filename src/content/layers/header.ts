import type { TarEntry } from './tar-fields.ts'

/** A member to write. Texts are bytes as latin1, since names need not be UTF-8. */
export type Member = Omit<TarEntry, 'xattrs'> & { readonly xattrs?: ReadonlyMap<string, Buffer> }

const block = 512
const typeFlags = { file: '0', link: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' } as const

/**
 * The blocks that announce a member (POSIX.1-2024, pax: ustar interchange format), with a PAX header before them for what
 * does not fit: names over 100 bytes, ids over 2 097 151, 8 GiB and more, times before 1970 or with fractions, attributes.
 */
export function tarHeader(member: Member): Buffer {
  const records = paxRecords(member)
  const header = ustar(member, typeFlags[member.type])
  if (records.length === 0) return header
  const body = Buffer.concat(records)
  const extension = ustar({ ...member, path: `PaxHeaders/${basename(member.path)}`, target: '', mode: 0o644, size: body.length }, 'x')
  return Buffer.concat([extension, body, padding(body.length), header])
}

/** Zeros from the end of a body of `size` bytes to the next block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

/** The two empty blocks that end an archive. */
export const tarEnd = Buffer.alloc(2 * block)

function paxRecords({ path, target, uid, gid, size, mtime, xattrs = new Map() }: Member): Buffer[] {
  const records: [string, Buffer][] = []
  const add = (key: string, value: string): void => void records.push([key, Buffer.from(value, 'latin1')])
  if (path.length > 100) add('path', path)
  if (target.length > 100) add('linkpath', target)
  if (uid > largestOctal(8)) add('uid', String(uid))
  if (gid > largestOctal(8)) add('gid', String(gid))
  if (size > largestOctal(12)) add('size', String(size))
  if (mtime < 0 || mtime > largestOctal(12) || !Number.isInteger(mtime)) add('mtime', String(mtime))
  for (const [name, value] of xattrs) records.push([`SCHILY.xattr.${name}`, value])
  return records.map(([key, value]) => paxRecord(key, value))
}

/** `length key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3
  const digits = String(rest + String(rest).length).length
  return Buffer.concat([Buffer.from(`${rest + digits} ${key}=`), value, Buffer.from('\n')])
}

function largestOctal(width: number): number {
  return 8 ** (width - 1) - 1
}

// What a field can't hold stands in the PAX header; readers take it from there.
function ustar(member: Omit<Member, 'type'>, flag: string): Buffer {
  const header = Buffer.alloc(block)
  const octal = (value: number, at: number, width: number): void => {
    const fits = value >= 0 && value <= largestOctal(width)
    header.write((fits ? Math.trunc(value) : 0).toString(8).padStart(width - 1, '0'), at, 'latin1')
  }
  header.write(member.path.slice(0, 100), 0, 'latin1')
  octal(member.mode, 100, 8)
  octal(member.uid, 108, 8)
  octal(member.gid, 116, 8)
  octal(member.size, 124, 12)
  octal(member.mtime, 136, 12)
  header.write(`        ${flag}`, 148, 'latin1')
  header.write(member.target.slice(0, 100), 157, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  octal(member.major, 329, 8)
  octal(member.minor, 337, 8)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function basename(path: string): string {
  return path.replace(/\/$/, '').split('/').at(-1)?.slice(0, 80) ?? ''
}
