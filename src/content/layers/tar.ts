import { GalleyError } from '#base/error.ts'

export type EntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'

/** One member of a tar archive (POSIX ustar with PAX and GNU extensions). */
export interface TarEntry {
  readonly type: EntryType
  readonly path: string
  readonly target: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch, with fractions. */
  readonly mtime: number
  readonly major: number
  readonly minor: number
  readonly xattrs: ReadonlyMap<string, Buffer>
}

const block = 512
/** No name or attribute list is longer; what claims to be is an attack on memory. */
const longestExtension = 1 << 20

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

/** Reads an archive member by member. Each member's body must be read with `body` before the next `next`. */
export class TarReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #global = new Map<string, Buffer>()
  #held: Buffer = Buffer.alloc(0)
  #left = 0
  #padding = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next member; undefined at the end of the archive. Throws `invalid` for a damaged one. */
  async next(): Promise<TarEntry | undefined> {
    await this.#skipBody()
    const extra = new Map(this.#global)
    for (;;) {
      const header = await this.#block()
      if (header === undefined) return undefined
      const kind = String.fromCharCode(header[156] ?? 0)
      const size = numeric(header, 124, 12)
      this.#left = size
      this.#padding = (block - (size % block)) % block
      if (kind === 'x' || kind === 'g')
        for (const [key, value] of records(await this.#extension())) (kind === 'g' ? this.#global : extra).set(key, value)
      else if (kind === 'L') extra.set('path', untilNul(await this.#extension()))
      else if (kind === 'K') extra.set('linkpath', untilNul(await this.#extension()))
      else return this.#entry(header, kind, extra)
      if (kind === 'g') for (const [key, value] of this.#global) extra.set(key, value)
    }
  }

  /** The current member's bytes, chunk by chunk. */
  async *body(): AsyncGenerator<Buffer> {
    while (this.#left > 0) yield await this.#take(this.#left)
  }

  /** Reads what follows the archive's end, so that a digest of the whole stream can be made. */
  async drain(): Promise<void> {
    while (!(await this.#source.next()).done);
  }

  #entry(header: Buffer, kind: string, extra: ReadonlyMap<string, Buffer>): TarEntry {
    const type = types[kind]
    if (type === undefined) throw new GalleyError('not implemented', `tar member type '${kind}' is not implemented by Galley`)
    if ([...extra.keys()].some((key) => key.startsWith('GNU.sparse.')))
      throw new GalleyError('not implemented', 'sparse tar members are not implemented by Galley')
    const text = (key: string): string | undefined => extra.get(key)?.toString('utf8')
    const number = (key: string, offset: number, length: number): number =>
      extra.has(key) ? Number(text(key)) : numeric(header, offset, length)
    const prefix = header.toString('latin1', 257, 262) === 'ustar' && header[262] === 0 ? field(header, 345, 155) : ''
    const path = text('path') ?? (prefix === '' ? field(header, 0, 100) : `${prefix}/${field(header, 0, 100)}`)
    const size = number('size', 124, 12)
    if (!Number.isSafeInteger(size) || size < 0) throw new GalleyError('invalid', 'damaged tar header: size')
    const hasBody = type === 'file'
    if (hasBody) [this.#left, this.#padding] = [size, (block - (size % block)) % block]
    const xattrs = new Map<string, Buffer>()
    for (const [key, value] of extra) if (key.startsWith('SCHILY.xattr.')) xattrs.set(key.slice('SCHILY.xattr.'.length), value)
    return {
      type: type === 'file' && path.endsWith('/') ? 'directory' : type,
      path,
      target: text('linkpath') ?? field(header, 157, 100),
      mode: numeric(header, 100, 8) & 0o7777,
      uid: number('uid', 108, 8),
      gid: number('gid', 116, 8),
      size: hasBody ? size : 0,
      mtime: number('mtime', 136, 12),
      major: numeric(header, 329, 8),
      minor: numeric(header, 337, 8),
      xattrs,
    }
  }

  async #skipBody(): Promise<void> {
    this.#left += this.#padding
    this.#padding = 0
    while (this.#left > 0) await this.#take(this.#left)
  }

  async #extension(): Promise<Buffer> {
    if (this.#left > longestExtension) throw new GalleyError('too large', 'a tar extension header is longer than 1 MiB')
    const parts: Buffer[] = []
    for await (const chunk of this.body()) parts.push(chunk)
    await this.#skipBody()
    return Buffer.concat(parts)
  }

  async #block(): Promise<Buffer | undefined> {
    let header: Buffer = Buffer.alloc(0)
    while (header.length < block) {
      if (this.#held.length === 0 && !(await this.#fill())) {
        if (header.length === 0) return undefined
        throw truncated()
      }
      const part = this.#held.subarray(0, block - header.length)
      this.#held = this.#held.subarray(part.length)
      header = header.length === 0 && part.length === block ? part : Buffer.concat([header, part])
    }
    if (header.every((byte) => byte === 0)) return undefined
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
    if (sum !== numeric(header, 148, 8)) throw new GalleyError('invalid', 'damaged tar header: checksum')
    return header
  }

  async #take(most: number): Promise<Buffer> {
    if (this.#held.length === 0 && !(await this.#fill())) throw truncated()
    const part = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(part.length)
    this.#left -= part.length
    return part
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done === true) return false
      if (value.length === 0) continue
      this.#held = Buffer.from(value.buffer, value.byteOffset, value.length)
      return true
    }
  }
}

function truncated(): GalleyError {
  return new GalleyError('invalid', 'the tar archive ends in the middle of a member', { code: 'tar.truncated' })
}

function field(header: Buffer, offset: number, length: number): string {
  return untilNul(header.subarray(offset, offset + length)).toString('utf8')
}

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

/** Octal text, or GNU's base-256 when the first bit is set. */
function numeric(header: Buffer, offset: number, length: number): number {
  const bytes = header.subarray(offset, offset + length)
  if (((bytes[0] ?? 0) & 0x80) !== 0) return Number(BigInt.asIntN(length * 8 - 8, BigInt(`0x${bytes.subarray(1).toString('hex')}`)))
  const text = untilNul(bytes).toString('latin1').trim()
  const value = text === '' ? 0 : Number.parseInt(text, 8)
  if (Number.isNaN(value)) throw new GalleyError('invalid', 'damaged tar header: number')
  return value
}

/** PAX records, `length key=value\n`; values may hold any byte. */
function* records(bytes: Buffer): Generator<[string, Buffer]> {
  let at = 0
  while (at < bytes.length) {
    const space = bytes.indexOf(32, at)
    const length = Number(bytes.toString('latin1', at, space))
    const equals = bytes.indexOf(61, space)
    if (space === -1 || equals === -1 || !(length > 0) || at + length > bytes.length) throw new GalleyError('invalid', 'damaged PAX header')
    yield [bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, at + length - 1)]
    at += length
  }
}
