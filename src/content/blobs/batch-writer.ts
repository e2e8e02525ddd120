import type { FileHandle } from 'node:fs/promises'

/** Bytes that are written at once: each write wakes a thread, which costs more than the copying. */
const batchSize = 1 << 20

/**
 * Writes chunks at the end of a file, those that come together in one go, while the next ones are already being taken. `end` is how far
 * the file has been written.
 */
export class BatchWriter {
  readonly #file: FileHandle
  #end: number
  #batch: Uint8Array[] = []
  #waiting = 0
  #isScheduled = false
  #writing: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, end: number) {
    this.#file = file
    this.#end = end
  }

  get end(): number {
    return this.#end
  }

  /** Takes a chunk. A promise, when there is one, is to be waited for before the next chunk. */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#batch.push(chunk)
    this.#waiting += chunk.length
    if (this.#waiting < batchSize) {
      if (!this.#isScheduled) setImmediate(() => this.#flushSoon())
      this.#isScheduled = true
      return undefined
    }
    const before = this.#writing
    this.#flush()
    return before
  }

  /** Everything is in the file when it resolves. Throws the file system's errors; `end` is then still right. */
  async finish(): Promise<void> {
    this.#flush()
    await this.#writing
  }

  /** What has come in this turn of the event loop is written, so that it outlives the process even if nothing follows. */
  #flushSoon(): void {
    this.#isScheduled = false
    this.#flush()
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    const [batch, size] = [this.#batch, this.#waiting]
    this.#batch = []
    this.#waiting = 0
    this.#writing = this.#writing.then(() => this.#write(batch, size))
    // It is told by whoever waits for it.
    this.#writing.catch(() => undefined)
  }

  async #write(batch: readonly Uint8Array[], size: number): Promise<void> {
    const { bytesWritten } = await this.#file.writev(batch, this.#end)
    // A disk that is nearly full takes a part; the next write says why.
    if (bytesWritten < size) await writeAll(this.#file, Buffer.concat(batch).subarray(bytesWritten), this.#end + bytesWritten)
    this.#end += size
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
