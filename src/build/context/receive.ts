import { createHash, type Hash } from 'node:crypto'
import { GalleyError } from '#base/error.ts'
import { TarDecoder, type TarSink } from '#content/layers/decode.ts'
import { decompressed } from '#content/layers/decompress.ts'
import type { SparseMap } from '#content/layers/sparse.ts'
import type { TarEntry } from '#content/layers/tar-fields.ts'
import { TreeWriter } from '#content/layers/tree-writer.ts'
import { OpenDirectory } from '#host/files/directory.ts'

/** Bytes of an unpacked context, and how many members it may have. */
const mostBytes = 64 * 2 ** 30
const mostEntries = 2_000_000

/**
 * Unpacks a build context (a tar, plain, gzip or zstd) into an empty directory, owned by root, and resolves with the content
 * digests of its files by path, as far as they are known. Nothing is written outside, whatever the archive says. Throws
 * `invalid`, `too large`, `not implemented`.
 */
export async function receiveTar(source: AsyncIterable<Uint8Array>, directory: string): Promise<ReadonlyMap<string, string>> {
  using root = OpenDirectory.at(directory)
  const writer = new TreeWriter(root, '', { changesRoot: false, owner: { uid: 0, gid: 0 } })
  try {
    const sink = new DigestingSink(writer)
    const decoder = new TarDecoder(sink)
    let bytes = 0
    for await (const chunk of await decompressed(source)) {
      bytes += chunk.length
      if (bytes > mostBytes) throw new GalleyError('too large', `the build context is larger than ${mostBytes} bytes`)
      decoder.write(chunk)
    }
    decoder.finish()
    writer.finish()
    return sink.digests
  } finally {
    writer.close()
  }
}

/** Makes a digest of each file on its way to the writer, so that none is read again to know it. */
class DigestingSink implements TarSink {
  readonly #writer: TreeWriter
  readonly #digests = new Map<string, string>()
  readonly #links = new Set<string>()
  #count = 0
  #throughLink = false
  #file: { readonly path: string; readonly hash: Hash } | undefined

  constructor(writer: TreeWriter) {
    this.#writer = writer
  }

  /** What went through a link may have changed files under other names: then none is known. */
  get digests(): ReadonlyMap<string, string> {
    return this.#throughLink ? new Map() : this.#digests
  }

  begin(entry: TarEntry, sparse: SparseMap | undefined): void {
    if (++this.#count > mostEntries) throw new GalleyError('too large', `the build context has more than ${mostEntries} entries`)
    if (entry.type === 'character' || entry.type === 'block') {
      throw new GalleyError('not implemented', `the build context holds a device, which Galley does not take: ${entry.path}`, {
        code: 'context.device',
        subject: entry.path,
      })
    }
    this.#writer.begin(entry, sparse)
    const parts = Buffer.from(entry.path, 'latin1')
      .toString('utf8')
      .split('/')
      .filter((part) => part !== '' && part !== '.')
    const path = parts.join('/')
    this.#digests.delete(path)
    if (this.#links.size > 0 && parts.some((_, index) => this.#links.has(parts.slice(0, index).join('/')))) this.#throughLink = true
    if (entry.type === 'symlink') this.#links.add(path)
    this.#file = entry.type === 'file' && sparse === undefined ? { path, hash: createHash('sha256') } : undefined
  }

  data(chunk: Buffer): void {
    this.#file?.hash.update(chunk)
    this.#writer.data(chunk)
  }

  end(): void {
    if (this.#file !== undefined) this.#digests.set(this.#file.path, this.#file.hash.digest('hex'))
    this.#file = undefined
    this.#writer.end()
  }
}
