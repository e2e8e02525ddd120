import type { FileHandle } from 'node:fs/promises'
import { writeAll } from './write-all.ts'

/** Bytes that are worth a write of their own: each one wakes a thread, which costs more than the copying. */
const batchSize = 1 << 20
/** Bytes that may wait for the write that is under way. */
const mostWaiting = 4 << 20

/**
 * Writes chunks at the end of a file while the next ones are already being taken: one write at a time, of all that has come meanwhile, so
 * that a busy machine, where a thread is slow to wake, makes fewer and larger ones. `end` is how far the file has been written.
 */
export class BatchWriter {
  readonly #file: FileHandle
  #end: number
  #batch: Uint8Array[] = []
  #waiting = 0
  #isScheduled = false
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(file: FileHandle, end: number) {
    this.#file = file
    this.#end = end
  }

  get end(): number {
    return this.#end
  }

  /**
   * Takes a chunk over: one that has a buffer to itself gives its memory back when it is written, and nobody may look at it any more. A promise, when there is one, is to be waited for before the next chunk. Throws what a write threw.
   */
  add(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error
    this.#batch.push(chunk)
    this.#waiting += chunk.length
    if (this.#writing === undefined && this.#waiting >= batchSize) this.#start()
    else this.#schedule()
    return this.#waiting >= mostWaiting ? this.#writing : undefined
  }

  /** Everything is in the file when it resolves. Throws the file system's errors; `end` is then still right. */
  async finish(): Promise<void> {
    while (this.#failure === undefined && (this.#writing !== undefined || this.#waiting > 0)) {
      if (this.#writing === undefined) this.#start()
      await this.#writing
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** What has come in this turn of the event loop is written, so that it outlives the process even if nothing follows. */
  #schedule(): void {
    if (this.#isScheduled || this.#writing !== undefined) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (this.#writing === undefined && this.#waiting > 0) this.#start()
    })
  }

  #start(): void {
    const [batch, size] = [this.#batch, this.#waiting]
    this.#batch = []
    this.#waiting = 0
    this.#writing = this.#write(batch, size).then(
      () => {
        batch.forEach(giveBack)
        this.#end += size
        this.#writing = undefined
        if (this.#waiting > 0 && this.#failure === undefined) this.#start()
      },
      (error: unknown) => {
        this.#failure = { error }
        this.#writing = undefined
      },
    )
  }

  async #write(batch: readonly Uint8Array[], size: number): Promise<void> {
    const { bytesWritten } = await this.#file.writev(batch, this.#end)
    if (bytesWritten < size) await writeAll(this.#file, Buffer.concat(batch).subarray(bytesWritten), this.#end + bytesWritten)
  }
}

/** Left to the collector, chunks of 64 KiB would make it look through all memory again and again: a fifth of a push's processor time. */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
