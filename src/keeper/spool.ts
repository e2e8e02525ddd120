import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { Readiness } from '#host/kernel/readiness.ts'
import { freeBeginning, moveToFile } from '#host/kernel/splice.ts'

/** Bytes that are read at a time, as Node reads from pipes. */
const portion = 64 << 10
/** Bytes that the FIFO holds at most (`enlargePipe`). */
const capacity = 1 << 20
/** Bytes that have been dealt with before their room is freed. */
const enough = 256 << 10

interface Way {
  /** The reading end, which the spool closes. */
  readonly fifo: number
  /** The file. It is made when it isn't there. */
  readonly path: string
  /** Position in the file of the first byte that has not been dealt with. */
  readonly from: number
}

interface Reader {
  data(chunk: Buffer): void
  /** Position of the first byte that must be read again should this keeper die now. */
  done(): number
  /** All writers have gone and everything has been read. */
  closed(): void
}

/**
 * Reads a FIFO by way of a file, so that nothing is lost when the reader is killed: bytes leave the FIFO for the file in one step, and
 * whoever comes next reads on in the file. What was dealt with is freed, so that the file stays small while its positions grow.
 */
export class Spool {
  readonly #fifo: number
  readonly #file: number
  readonly #reader: Reader
  readonly #readiness: Readiness
  /** Position up to which `data` has been told. */
  #read: number
  #freed = 0
  #isOpen = true

  /** Throws when there is no room for the file; the FIFO is closed then. */
  constructor({ fifo, path, from }: Way, reader: Reader) {
    this.#fifo = fifo
    try {
      this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    } catch (error) {
      closeSync(fifo)
      throw error
    }
    this.#read = from
    this.#reader = reader
    this.#readiness = new Readiness(fifo, () => this.#take())
  }

  /** Begins with what a keeper before this one left in the file. */
  start(): void {
    const end = fstatSync(this.#file).size
    while (this.#read < end) this.#tell(this.#inFile(Math.min(portion, end - this.#read)))
    this.resume()
  }

  isPaused(): boolean {
    return this.#readiness.isPaused
  }

  pause(): void {
    this.#readiness.pause()
  }

  resume(): void {
    if (this.#isOpen) this.#readiness.resume()
  }

  /** Takes what is in the FIFO now, unless it is paused; what is written meanwhile may stay. */
  drain(): void {
    const end = this.#read + capacity
    while (this.#isOpen && !this.isPaused() && this.#read < end && this.#take());
  }

  destroy(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#readiness[Symbol.dispose]()
    closeSync(this.#file)
    this.#reader.closed()
  }

  /** Whether there was something. */
  #take(): boolean {
    const chunk = this.#next()
    if (chunk === undefined) return false
    if (chunk.length === 0) this.destroy()
    else this.#tell(chunk)
    return true
  }

  /** What the FIFO holds, at most a portion: nothing at its end, undefined when it is empty now. */
  #next(): Buffer | undefined {
    try {
      const moved = moveToFile(this.#fifo, this.#file, { at: this.#read, length: portion })
      return moved === undefined ? undefined : this.#inFile(moved)
    } catch {
      // There is no room for the file, and the process must go on: now all that is in this process's hands would be lost with it.
      const chunk = Buffer.allocUnsafe(portion)
      return chunk.subarray(0, readSync(this.#fifo, chunk))
    }
  }

  #inFile(length: number): Buffer {
    const chunk = Buffer.allocUnsafe(length)
    return chunk.subarray(0, readSync(this.#file, chunk, 0, length, this.#read))
  }

  #tell(chunk: Buffer): void {
    this.#read += chunk.length
    this.#reader.data(chunk)
    const done = this.#reader.done()
    if (done - this.#freed < enough) return
    freeBeginning(this.#file, done)
    this.#freed = done
  }
}
