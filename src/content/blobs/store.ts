import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readdirSync, statSync, type ReadStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { hexOf, isDigest, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { Arrival, arrivalPaths } from './arrival.ts'
import { fullDisk } from './full-disk.ts'
import { readAhead } from './read-ahead.ts'
import { SharedSync } from './sync-directory.ts'
import { writeAll } from './write-all.ts'

/** How long a part of a blob waits to be completed (milliseconds): a week. */
const partLifetime = 7 * 24 * 3_600_000

/** Immutable bytes by digest, one file each under `<directory>/sha256`. */
export class BlobStore {
  readonly #directory: string
  readonly #names: SharedSync

  constructor(directory: string) {
    this.#directory = directory
    this.#names = new SharedSync(`${directory}/sha256`)
    mkdirSync(`${directory}/sha256`, { recursive: true, mode: 0o700 })
    mkdirSync(`${directory}/arriving`, { recursive: true, mode: 0o700 })
    mkdirSync(`${directory}/parts`, { recursive: true, mode: 0o700 })
  }

  /** Removes what a crash cut off, and what came of blobs that nobody asked for again. `now`: milliseconds since the epoch. */
  async clean(now: number): Promise<void> {
    for (const name of await readdir(`${this.#directory}/arriving`)) await rm(`${this.#directory}/arriving/${name}`)
    const parts = await readdir(`${this.#directory}/parts`)
    for (const name of parts) {
      const path = `${this.#directory}/parts/${name}`
      const orphan = !parts.includes(name.replace(/\.map$/, '.bytes'))
      if (orphan || (await stat(path)).mtimeMs < now - partLifetime) await rm(path)
    }
  }

  /** Opens a blob of `size` bytes that comes from elsewhere, with what of it has come before for the same purpose. */
  arrive(digest: Digest, size: number, purpose: 'pull' | 'mirror' = 'pull'): Promise<Arrival> {
    return Arrival.open(arrivalPaths(this.#directory, { digest, size, purpose }))
  }

  /**
   * Stores what arrives; durable when it resolves. Throws `invalid` and keeps nothing when digest or size (bytes) are not
   * the expected ones.
   */
  async put(
    source: AsyncIterable<Uint8Array>,
    expected: { digest?: Digest; size?: number } = {},
  ): Promise<{ digest: Digest; size: number }> {
    const arriving = `${this.#directory}/arriving/${randomUUID()}`
    try {
      const written = await write(arriving, source).catch(fullDisk)
      if (expected.size !== undefined && expected.size !== written.size)
        throw new GalleyError('invalid', `blob has ${written.size} bytes instead of ${expected.size}`, { code: 'blob.size' })
      if (expected.digest !== undefined && expected.digest !== written.digest) {
        throw new GalleyError('invalid', `blob has digest ${written.digest} instead of ${expected.digest}`, { code: 'blob.digest' })
      }
      await rename(arriving, this.path(written.digest))
      await this.#names.sync()
      return written
    } finally {
      await rm(arriving, { force: true })
    }
  }

  /** Makes a file of the same file system a blob, durably. The caller has verified that its content has this digest. */
  async take(path: string, digest: Digest): Promise<void> {
    {
      await using file = await open(path, 'r+')
      await file.datasync().catch(fullDisk)
    }
    await rename(path, this.path(digest))
    await this.#names.sync()
  }

  list(): Digest[] {
    return readdirSync(`${this.#directory}/sha256`)
      .map((name) => `sha256:${name}`)
      .filter(isDigest)
  }

  has(digest: Digest): boolean {
    return existsSync(this.path(digest))
  }

  /** Bytes. Throws the file system's ENOENT when the blob is not here. */
  size(digest: Digest): number {
    return statSync(this.path(digest)).size
  }

  path(digest: Digest): string {
    return `${this.#directory}/sha256/${hexOf(digest)}`
  }

  read(digest: Digest): Promise<Buffer> {
    return readFile(this.path(digest))
  }

  /** From byte `start` on. */
  stream(digest: Digest, start = 0): ReadStream {
    return createReadStream(this.path(digest), { start, highWaterMark: 1 << 20 })
  }

  /** The same up to `end` (exclusive), for one who is done with each piece before the next one: see `readAhead`. */
  pieces(digest: Digest, start: number, end: number): AsyncIterable<Buffer> {
    return readAhead(this.path(digest), start, end)
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true })
  }
}

async function write(path: string, source: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
  await using file = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of source) {
    hash.update(chunk)
    await writeAll(file, chunk, size)
    size += chunk.length
  }
  await file.datasync()
  return { digest: `sha256:${hash.digest('hex')}`, size }
}
