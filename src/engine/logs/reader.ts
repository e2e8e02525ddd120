import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { decodeRecord, type LogFormat, type LogRecord } from '#keeper/log-format.ts'

const chunkSize = 256 << 10

/** Reads the records of one file of a log, which may still be written to, or be compressed (`.gz`). */
export class Reader implements Disposable {
  readonly path: string
  readonly inode: number
  readonly #format: LogFormat
  readonly #fd: number
  /** All of a compressed file. */
  readonly #content: Buffer | undefined
  #offset = 0
  #end = Infinity
  #rest = Buffer.alloc(0)
  #isOpen = true

  constructor(path: string, format: LogFormat) {
    this.path = path
    this.#format = format
    this.#fd = openSync(path, 'r')
    try {
      this.inode = fstatSync(this.#fd).ino
      this.#content = path.endsWith('.gz') ? gunzipSync(readFileSync(this.#fd)) : undefined
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  /** When it was last written to, in milliseconds since the epoch. */
  get writtenAt(): number {
    return fstatSync(this.#fd).mtimeMs
  }

  /** Reads nothing past so many bytes of the file. */
  endAt(size: number): void {
    this.#end = size
  }

  /** Passes over all but the last `count` lines, from the end backwards; returns how many those are. */
  skipToLast(count: number): number {
    const end = Math.min(this.#content?.length ?? fstatSync(this.#fd).size, this.#end)
    this.#offset = end
    let found = 0
    for (let to = end; to > 0 && found < count;) {
      const from = Math.max(0, to - chunkSize)
      const chunk = this.#pull(from, to - from)
      for (let at = chunk.length - 1; at >= 0 && found < count; at--) {
        // The newline before a line, or the beginning of the file, is where it starts.
        if (chunk[at] !== 10 || from + at === end - 1) continue
        found++
        this.#offset = from + at + 1
      }
      to = from
    }
    if (found < count && end > 0) {
      found++
      this.#offset = 0
    }
    return found
  }

  /** Whole records from where the last call ended to the end of the file, some at a time. */
  *read(): Generator<LogRecord[]> {
    for (;;) {
      const chunk = this.#pull(this.#offset, Math.min(chunkSize, this.#end - this.#offset))
      if (chunk.length === 0) return
      this.#offset += chunk.length
      const data = Buffer.concat([this.#rest, chunk])
      const end = data.lastIndexOf(10) + 1
      this.#rest = data.subarray(end)
      const lines = data.toString('utf8', 0, end).split('\n')
      yield lines.map((line) => decodeRecord(this.#format, line)).filter((record) => record !== undefined)
    }
  }

  /** May be called again. */
  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.#fd)
    this.#isOpen = false
  }

  #pull(offset: number, length: number): Buffer {
    if (this.#content !== undefined) return this.#content.subarray(offset, offset + length)
    const chunk = Buffer.allocUnsafe(length)
    return chunk.subarray(0, readSync(this.#fd, chunk, 0, length, offset))
  }
}
