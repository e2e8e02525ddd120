import { createHash } from 'node:crypto'
import { open, rename, rm, statfs, type FileHandle } from 'node:fs/promises'
import { hexOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { fullDisk, noRoom } from './full-disk.ts'
import { syncDirectory } from './sync-directory.ts'
import { writeAll } from './write-all.ts'

/** A blob is fetched in pieces of this size, so that several connections can share one. */
const pieceSize = 8 << 20
const readSize = 1 << 20
/** Largest blob that is fetched (bytes): as much as a layer may unpack to. */
const largestBlob = 256 * 2 ** 30

/** A part of a blob that one connection fetches: bytes from `start + done` to `end`. */
export interface Piece {
  readonly index: number
  readonly start: number
  readonly end: number
  /** Bytes that are here. */
  done: number
}

/**
 * A blob while it arrives, in a file that outlives the daemon: beside the bytes stands how many of each piece are there. Bytes may come in
 * any order; one reader follows them from the start. Only what has the right digest becomes a blob.
 */
export class Arrival implements AsyncDisposable {
  readonly digest: Digest
  readonly size: number
  readonly pieces: readonly Piece[]
  /** Whether some of it was here before. */
  readonly resumed: boolean
  readonly #paths: ArrivalPaths
  readonly #file: FileHandle
  readonly #map: FileHandle
  readonly #claimed = new Set<Piece>()
  #change = Promise.withResolvers<void>()
  readonly #hash = createHash('sha256')
  /** Bytes that were read. */
  #at = 0
  #verified = false
  #failure: { readonly error: unknown } | undefined

  private constructor(paths: ArrivalPaths, [file, map]: readonly [FileHandle, FileHandle], pieces: readonly Piece[]) {
    this.digest = paths.digest
    this.size = paths.size
    this.pieces = pieces
    this.resumed = pieces.some(({ done }) => done > 0)
    this.#paths = paths
    this.#file = file
    this.#map = map
  }

  /**
   * Opens what has arrived of a blob before, or begins. At most one at a time for each blob. Throws `too large`, and `unavailable` when
   * the disk has no room for what is missing: better before gigabytes have come than after.
   */
  static async open(paths: ArrivalPaths): Promise<Arrival> {
    if (paths.size > largestBlob)
      throw new GalleyError('too large', `blob ${paths.digest} has ${paths.size} bytes, more than ${largestBlob}`, { code: 'blob.size' })
    await using opened = new AsyncDisposableStack()
    const file = opened.use(await openOrMake(paths.bytes).catch(fullDisk))
    const map = opened.use(await openOrMake(paths.map).catch(fullDisk))
    const arrival = new Arrival(paths, [file, map], await piecesOf(map, paths.size, (await file.stat()).size))
    await arrival.#checkRoom()
    opened.move()
    return arrival
  }

  /** The file that it comes in. When it is whole it is renamed, and stays the same file. */
  get path(): string {
    return this.#paths.bytes
  }

  /** Bytes that are here. */
  get received(): number {
    return this.pieces.reduce((sum, { done }) => sum + done, 0)
  }

  /** The lowest piece that is neither complete nor being fetched, or `wanted` if it is neither; its claimer's until it is released. */
  claim(wanted?: Piece): Piece | undefined {
    const piece = (wanted === undefined ? this.pieces : [wanted]).find((each) => this.#isFree(each))
    if (piece !== undefined) this.#claimed.add(piece)
    return piece
  }

  /** Whether there is something to claim from byte `at` on. */
  isClaimable(at: number): boolean {
    return this.pieces.some((piece) => piece.end > at && this.#isFree(piece))
  }

  /** The pieces that `length` bytes from `at` on belong to. Throws `invalid` when they go beyond the blob's end. */
  covering(at: number, length: number): readonly Piece[] {
    if (at + length > this.size)
      throw new GalleyError('invalid', `more bytes than ${this.size} came of blob ${this.digest}`, { code: 'blob.size' })
    return this.pieces.slice(Math.floor(at / pieceSize), Math.floor((at + length - 1) / pieceSize) + 1)
  }

  release(piece: Piece): void {
    this.#claimed.delete(piece)
  }

  /** Adds the next bytes of a piece. Throws `invalid` when there are more than it has room for, `unavailable` when the disk is full. */
  async write(piece: Piece, bytes: Uint8Array): Promise<void> {
    const at = piece.start + piece.done
    if (at + bytes.length > piece.end)
      throw new GalleyError('invalid', `more bytes than asked for came of blob ${this.digest}`, { code: 'blob.size' })
    await writeAll(this.#file, bytes, at).catch(fullDisk)
    piece.done += bytes.length
    const entry = Buffer.alloc(4)
    entry.writeUInt32LE(piece.done)
    await this.#map.write(entry, 0, 4, piece.index * 4).catch(fullDisk)
    this.#change.resolve()
  }

  /** Ends the reader with `error`. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#change.resolve()
  }

  /** The bytes in order, as they come, once. Throws `invalid` at the end when they have another digest: what is here is then of no use. */
  async *bytes(): AsyncGenerator<Buffer> {
    for (let bytes = await this.#next(); bytes !== undefined; bytes = await this.#next()) yield bytes
    const found = `sha256:${this.#hash.digest('hex')}`
    if (found !== this.digest)
      throw new GalleyError('invalid', `filesystem layer verification failed for digest ${this.digest}`, {
        code: 'blob.digest',
        subject: found,
      })
    this.#verified = true
  }

  /** The first bytes, by which a layer says how it is compressed. */
  async head(): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.subarray(0, bytesRead)
  }

  /** Makes it a blob, durably, when all of it has come. Throws `invalid` as `bytes` does. */
  async commit(): Promise<void> {
    // A reader may have found the end of an archive before the end of the blob.
    if (!this.#verified) for await (const _rest of this.bytes());
    await this.#file.datasync().catch(fullDisk)
    await rename(this.#paths.bytes, this.#paths.blob)
    await syncDirectory(this.#paths.directory)
    await rm(this.#paths.map, { force: true })
  }

  /** Throws away what has arrived. */
  async discard(): Promise<void> {
    await rm(this.#paths.map, { force: true })
    await rm(this.#paths.bytes, { force: true })
  }

  /** Keeps what has arrived, if anything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#verified && this.received === 0) await this.discard()
    await this.#file.close()
    await this.#map.close()
  }

  /** Not kept for later: room is what is missing. */
  async #checkRoom(): Promise<void> {
    const { bfree, bsize } = await statfs(this.#paths.bytes)
    if (this.size - this.received <= bfree * bsize) return
    await this.discard()
    throw noRoom()
  }

  #isFree(piece: Piece): boolean {
    return !this.#claimed.has(piece) && !isComplete(piece)
  }

  /** Waits for the bytes that follow those which were read; undefined at the end. */
  async #next(): Promise<Buffer | undefined> {
    if (this.#at === this.size) return undefined
    while (this.#contiguous(this.#at) === 0) await this.#more()
    const length = Math.min(this.#contiguous(this.#at), readSize)
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, this.#at)
    if (bytesRead === 0) throw new GalleyError('internal', `blob ${this.digest} was cut short on disk`)
    this.#at += bytesRead
    this.#hash.update(buffer.subarray(0, bytesRead))
    return buffer.subarray(0, bytesRead)
  }

  #contiguous(at: number): number {
    const piece = this.pieces[Math.floor(at / pieceSize)]
    return piece === undefined ? 0 : Math.max(0, piece.start + piece.done - at)
  }

  #checkFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #more(): Promise<void> {
    this.#checkFailure()
    await this.#change.promise
    this.#change = Promise.withResolvers()
    this.#checkFailure()
  }
}

/** A blob that is to arrive, and for whom: at most one at a time of each. */
export interface Arriving {
  readonly digest: Digest
  readonly size: number
  readonly purpose: 'pull' | 'mirror'
}

/** Where an arriving blob's files are. The size is part of the name: a manifest that tells another size starts anew. */
export interface ArrivalPaths {
  readonly digest: Digest
  readonly size: number
  readonly bytes: string
  readonly map: string
  readonly blob: string
  /** The directory of `blob`. */
  readonly directory: string
}

/** `purpose` keeps two who fetch the same blob out of each other's way. */
export function arrivalPaths(directory: string, { digest, size, purpose }: Arriving): ArrivalPaths {
  const stem = `${directory}/parts/${hexOf(digest)}.${size}.${purpose}`
  return {
    digest,
    size,
    bytes: `${stem}.bytes`,
    map: `${stem}.map`,
    blob: `${directory}/sha256/${hexOf(digest)}`,
    directory: `${directory}/sha256`,
  }
}

export function isComplete({ start, end, done }: Piece): boolean {
  return start + done === end
}

/** What the map says, as far as the file of `here` bytes bears it out: a crash may have taken one and left the other. */
async function piecesOf(map: FileHandle, size: number, here: number): Promise<readonly Piece[]> {
  const count = Math.ceil(size / pieceSize)
  const kept = Buffer.alloc(count * 4)
  await map.read(kept, 0, kept.length, 0)
  return Array.from({ length: count }, (_, index) => {
    const start = index * pieceSize
    const end = Math.min(start + pieceSize, size)
    return { index, start, end, done: Math.min(kept.readUInt32LE(index * 4), Math.max(0, Math.min(here, end) - start)) }
  })
}

async function openOrMake(path: string): Promise<FileHandle> {
  return await open(path, 'a+', 0o600).then(async (made) => {
    await made.close()
    return await open(path, 'r+')
  })
}
