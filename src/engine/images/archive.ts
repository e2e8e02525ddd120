import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { GalleyError } from '#base/error.ts'
import { TarReader } from '#content/layers/tar.ts'
import { layerMediaType } from '#content/manifests/media-types.ts'

/** A member of an image archive. Names serve as keys only; nothing is ever written under them. */
export interface ArchiveEntry {
  readonly name: string
  readonly type: 'file' | 'link' | 'other'
  readonly size: number
  /** For a link: the member it stands for, as a name from the archive's root. */
  readonly target: string
  /** To be read before the next entry is asked for; what is left is skipped. */
  readonly body: AsyncIterable<Buffer>
}

/** Reads an image archive, plain, gzip or zstd. Throws `invalid`. */
export async function* readArchive(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveEntry> {
  const tar = new TarReader(await decompressed(source))
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    const { type, size } = entry
    const name = rooted(entry.path)
    const target = rooted(type === 'symlink' ? posix.join(posix.dirname(name), entry.target) : entry.target)
    yield {
      name,
      size,
      target,
      body: tar.body(),
      type: type === 'file' ? 'file' : type === 'link' || type === 'symlink' ? 'link' : 'other',
    }
  }
  await tar.drain()
}

const block = 512

/** One member's header, bytes and padding; `size` must be what `body` gives. */
export async function* writeMember(
  name: string,
  size: number,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  yield headerOf(name, size)
  let written = 0
  for await (const chunk of body) {
    written += chunk.length
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
  }
  if (written !== size) throw new GalleyError('internal', `${name} has ${written} bytes instead of ${size}`)
  yield Buffer.alloc((block - (size % block)) % block)
}

/** The two empty blocks that end a tar. */
export const archiveEnd = Buffer.alloc(2 * block)

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(block)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  // From 8 GiB on, octal digits don't fit; GNU's binary form is what every reader knows.
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(size), 128)
  }
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0ustar\x0000', 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

async function decompressed(source: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const chunks = source[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    head = Buffer.concat([head, next.value])
    if (head.length >= 4) break
  }
  const type = layerMediaType(head)
  const whole = joined(head, chunks)
  if (type.endsWith('tar')) return whole
  return Readable.from(whole).compose(type.endsWith('gzip') ? createGunzip() : createZstdDecompress()) as AsyncIterable<Buffer>
}

async function* joined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  yield* { [Symbol.asyncIterator]: () => rest }
}

function rooted(name: string): string {
  return posix.join('/', name).slice(1)
}
