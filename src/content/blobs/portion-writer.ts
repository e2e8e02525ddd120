import type { FileHandle } from 'node:fs/promises'
import { systemClock, type Clock } from '#base/clock.ts'
import { directBlock, directMemory, freeDirectMemory } from '#host/files/direct.ts'
import { writeAll } from './write-all.ts'

/** Bytes of one write: each one wakes a thread. There is memory for two, of which one is being written while the other one is filled. */
const portionSize = 1 << 20
/** Most blobs fit into this. */
const firstSize = 64 << 10
/** Bytes from which on it is worth to go past the page cache. */
const worthDirect = 256 << 10
/** Bytes by which a disk is known, and how many a fast one takes in a millisecond. */
const known = 8 << 20
const fast = 200_000
/** Milliseconds for which the bytes of a slow client may be in memory alone. */
const patience = 50

/** Memory for the bytes of the file from position `start` on, a multiple of `directBlock`. */
interface Portion {
  readonly bytes: Buffer
  start: number
  filled: number
}

export interface PortionWriterOptions {
  /** Opens the same file past the page cache, once, for large portions; undefined where that can't be. */
  readonly openDirect?: () => Promise<FileHandle | undefined>
  readonly clock?: Clock
}

/**
 * Writes chunks at the end of a file while the next ones are already being taken. What is large goes past the page cache: to copy it into
 * new pages takes the processor longer than all else that is done with it, and leaves it to be brought to the disk in the end. Where one
 * waits for the disk and not for the processor, the page cache keeps it for those who read it next.
 */
export class PortionWriter {
  readonly #file: FileHandle
  readonly #openDirect: PortionWriterOptions['openDirect']
  readonly #clock: Clock
  #end: number
  /** What is in no file yet is in here and in the portion that is being written. */
  #filling: Portion
  #spare: Portion | undefined
  #writing: Promise<void> | undefined
  #direct: Promise<FileHandle | undefined> | undefined
  #isCached: boolean
  /** What has gone past the page cache, and how long that took (bytes, milliseconds). */
  readonly #gone = { bytes: 0, time: 0 }
  #watching: Disposable | undefined
  #failure: { readonly error: unknown } | undefined

  /** `end` is the file's length. */
  constructor(file: FileHandle, end: number, options: PortionWriterOptions = {}) {
    this.#file = file
    this.#openDirect = options.openDirect
    this.#clock = options.clock ?? systemClock
    this.#end = end
    this.#isCached = options.openDirect === undefined
    const filled = end % directBlock
    this.#filling = { bytes: Buffer.alloc(0), start: end - filled, filled }
  }

  /** How far the file has been written. */
  get end(): number {
    return this.#end
  }

  /** Whether what is written from now on lies in the page cache first, and the disk learns of it later. */
  get isCached(): boolean {
    return this.#isCached
  }

  /**
   * Copies a chunk. A promise, when there is one, is to be waited for before the next chunk, and until then this one may not change. Throws
   * what a write threw.
   */
  add(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error
    for (let rest = chunk; rest.length > 0;) {
      const left = rest
      if (this.#isFull() && !this.#makeRoom()) return this.#writing?.then(() => this.add(left))
      rest = rest.subarray(this.#fill(rest))
    }
    if (this.#isWhole() && this.#writing === undefined) this.#start()
    this.#watch()
    return undefined
  }

  /** Everything is in the file when it resolves; call it once, last. Throws the file system's errors; `end` is then still right. */
  async finish(): Promise<void> {
    while (this.#failure === undefined && (this.#writing !== undefined || this.#hasMore())) {
      if (this.#writing === undefined) this.#start()
      await this.#writing
    }
    this.#watching?.[Symbol.dispose]()
    for (const portion of [this.#filling, this.#spare]) if (portion !== undefined) freeDirectMemory(portion.bytes)
    await (await this.#direct)?.close()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #hasMore(): boolean {
    return this.#filling.start + this.#filling.filled > this.#end
  }

  #isFull(): boolean {
    return this.#filling.filled >= this.#filling.bytes.length
  }

  /** Whether it is full and can't grow. */
  #isWhole(): boolean {
    return this.#filling.filled === portionSize
  }

  /** How many bytes there was room for. */
  #fill(bytes: Uint8Array): number {
    const portion = this.#filling
    const part = bytes.subarray(0, portion.bytes.length - portion.filled)
    portion.bytes.set(part, portion.filled)
    portion.filled += part.length
    return part.length
  }

  /** False when there is none before the write that is under way has ended. */
  #makeRoom(): boolean {
    if (!this.#isWhole()) this.#grow()
    else if (this.#writing === undefined) this.#start()
    else return false
    return true
  }

  #grow(): void {
    const { bytes, start, filled } = this.#filling
    const larger = directMemory(bytes.length === 0 ? firstSize : portionSize)
    bytes.copy(larger)
    // The smaller one may be being written, and is left to the collector.
    this.#filling = { bytes: larger, start, filled }
  }

  /** What came of a client that then says nothing has to outlive this process. */
  #watch(): void {
    const before = this.#end
    this.#watching ??= this.#clock.after(patience, () => {
      this.#watching = undefined
      if (this.#failure !== undefined || this.#writing !== undefined || !this.#hasMore()) return
      if (this.#end === before) this.#start()
      else this.#watch()
    })
  }

  /** Writes what there is; when that is a whole portion, the next one is filled meanwhile. */
  #start(): void {
    const portion = this.#filling
    const [to, isWhole] = [portion.filled, this.#isWhole()]
    if (isWhole) this.#filling = this.#following(portion)
    this.#writing = this.#write(portion, to).then(
      () => {
        this.#end = portion.start + to
        this.#writing = undefined
        if (isWhole) this.#spare = portion
        if (this.#isWhole()) this.#start()
      },
      (error: unknown) => {
        this.#failure = { error }
        this.#writing = undefined
      },
    )
  }

  #following({ start }: Portion): Portion {
    const portion = this.#spare ?? { bytes: directMemory(portionSize), start: 0, filled: 0 }
    this.#spare = undefined
    return Object.assign(portion, { start: start + portionSize, filled: 0 })
  }

  /** Writes a portion's bytes from the file's end up to byte `to` of the portion. */
  async #write({ bytes, start }: Portion, to: number): Promise<void> {
    const from = this.#end - start
    const first = Math.ceil(from / directBlock) * directBlock
    const last = to - (to % directBlock)
    if (this.#isCached || last - first < worthDirect) return await writeAll(this.#file, bytes.subarray(from, to), start + from)
    // In order: the file's length is what has come, whenever this process is killed.
    await writeAll(this.#file, bytes.subarray(from, first), start + from)
    const done = await this.#writeDirect(bytes.subarray(first, last), start + first)
    await writeAll(this.#file, bytes.subarray(first + done, to), start + first + done)
  }

  /** How many bytes were written; none where the file system can't do this. */
  async #writeDirect(bytes: Buffer, at: number): Promise<number> {
    try {
      const direct = await (this.#direct ??= this.#openDirect?.())
      if (direct !== undefined) return await this.#timed(async () => (await direct.write(bytes, 0, bytes.length, at)).bytesWritten)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    }
    this.#isCached = true
    return 0
  }

  async #timed(write: () => Promise<number>): Promise<number> {
    const begun = this.#clock.now()
    const written = await write()
    const gone = this.#gone
    gone.bytes += written
    gone.time += this.#clock.now() - begun
    if (gone.bytes >= known && gone.bytes < gone.time * fast) this.#isCached = true
    return written
  }
}
