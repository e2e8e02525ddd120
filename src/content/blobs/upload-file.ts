import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { openDirect } from '#host/files/direct.ts'
import { DiskAhead } from './disk-ahead.ts'
import { fullDisk } from './full-disk.ts'
import { giveBack } from './give-back.ts'
import { PortionWriter } from './portion-writer.ts'

export type HashName = 'sha256' | 'sha512'

/**
 * A blob that a client sends piece by piece, in a file that outlives the daemon: its length is how far it has come. Digests are computed
 * as the bytes come; what came before a restart is read again.
 */
export class UploadFile {
  readonly path: string
  #size: number
  #writer: PortionWriter | undefined
  /** Digests of all bytes so far; one that is missing is read from the file. */
  #hashes: Map<HashName, Hash>

  private constructor(path: string, size: number, hashes: Map<HashName, Hash>) {
    this.path = path
    this.#size = size
    this.#hashes = hashes
  }

  /** Begins a file, whose digests by these algorithms will be asked for. */
  static async create(path: string, algorithms: readonly HashName[]): Promise<UploadFile> {
    await using _file = await open(path, 'wx', 0o600).catch(fullDisk)
    return new UploadFile(path, 0, new Map(algorithms.map((name) => [name, createHash(name)])))
  }

  /** A file that was begun earlier; undefined when there is none. */
  static async reopen(path: string): Promise<UploadFile | undefined> {
    const found = await stat(path).catch(() => undefined)
    return found === undefined ? undefined : new UploadFile(path, found.size, new Map())
  }

  /** Bytes that are here. */
  get size(): number {
    return this.#writer?.end ?? this.#size
  }

  /** Adds bytes at the end, and takes the chunks over: see `giveBack`. What has come by a failure stays. Throws what the source throws, and `unavailable` when the disk is full. */
  async append(source: AsyncIterable<Uint8Array>): Promise<void> {
    await using file = await open(this.path, 'r+')
    const writer = new PortionWriter(file, this.#size, { openDirect: () => openDirect(this.path) })
    this.#writer = writer
    try {
      await this.#take(source, file, writer)
    } finally {
      const full = await writer.finish().catch((error: unknown) => ({ error }))
      this.#size = writer.end
      this.#writer = undefined
      if (full !== undefined) await this.#cutOff(file, full.error)
    }
  }

  async #take(source: AsyncIterable<Uint8Array>, file: FileHandle, writer: PortionWriter): Promise<void> {
    const disk = new DiskAhead(file, writer.end)
    for await (const chunk of source) {
      const room = writer.add(chunk)
      // The disk and the processor work at the same time.
      for (const hash of this.#hashes.values()) hash.update(chunk)
      if (writer.isCached) disk.reached(writer.end)
      if (room !== undefined) await room
      giveBack(chunk)
    }
    await disk.done().catch(fullDisk)
  }

  /** The digests have seen more than what is in the file. */
  async #cutOff(file: FileHandle, error: unknown): Promise<never> {
    this.#hashes = new Map()
    await file.truncate(this.#size)
    fullDisk(error)
  }

  /** The digest of all that has come, such as `sha256:…`. */
  async digest(algorithm: HashName): Promise<string> {
    const hash = this.#hashes.get(algorithm)?.copy() ?? (await this.#read(algorithm))
    return `${algorithm}:${hash.digest('hex')}`
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true })
  }

  async #read(algorithm: HashName): Promise<Hash> {
    const hash = createHash(algorithm)
    for await (const chunk of createReadStream(this.path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
    return hash
  }
}
