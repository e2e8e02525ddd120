import { posix } from 'node:path'
import { hexOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { decompressed } from '#content/layers/decompress.ts'
import { padding, tarHeader } from '#content/layers/header.ts'
import { TarReader } from '#content/layers/tar.ts'

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

/** Where a blob stands in an image layout (OCI image-spec, image-layout.md). */
export function blobMember(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`
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
  yield padding(size)
}

function headerOf(name: string, size: number): Buffer {
  return tarHeader({ type: 'file', path: name, target: '', mode: 0o644, uid: 0, gid: 0, size, mtime: 0, major: 0, minor: 0 })
}

function rooted(name: string): string {
  return posix.join('/', name).slice(1)
}
