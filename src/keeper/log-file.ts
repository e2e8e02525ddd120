import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import type { LogSpec } from './protocol.ts'

/** Longest piece of a line that becomes one record, as in Docker. */
const longest = 16 << 10

/** Appends a process's output to a rotated json-file log. A full disk loses records, never blocks the process. */
export class LogFile implements Disposable {
  readonly #spec: LogSpec
  readonly #pending = new Map<string, Buffer>()
  #fd: number
  #size: number

  constructor(spec: LogSpec) {
    this.#spec = spec
    this.#fd = openSync(spec.path, 'a', 0o640)
    this.#size = fstatSync(this.#fd).size
  }

  write(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const held = this.#pending.get(stream)
    const data = held === undefined ? chunk : Buffer.concat([held, chunk])
    const time = new Date().toISOString()
    let start = 0
    let text = ''
    for (;;) {
      const newline = data.indexOf(10, start)
      const end = newline === -1 ? data.length : newline + 1
      if (newline === -1 && end - start < longest) break
      text += record(stream, data.toString('utf8', start, Math.min(end, start + longest)), time)
      start = Math.min(end, start + longest)
    }
    this.#pending.set(stream, data.subarray(start))
    if (text !== '') this.#append(text)
  }

  /** Writes what has no newline yet, as its stream has ended. */
  flush(): void {
    const time = new Date().toISOString()
    for (const [stream, rest] of this.#pending) if (rest.length > 0) this.#append(record(stream, rest.toString('utf8'), time))
    this.#pending.clear()
  }

  #append(text: string): void {
    try {
      if (this.#size > 0 && this.#size + text.length > this.#spec.maxSize) this.#rotate()
      this.#size += writeSync(this.#fd, text)
    } catch {
      // The disk is full or gone: the process must go on.
    }
  }

  #rotate(): void {
    const { path, maxFiles } = this.#spec
    closeSync(this.#fd)
    for (let index = maxFiles - 1; index > 0; index--) {
      try {
        renameSync(index === 1 ? path : `${path}.${index - 1}`, `${path}.${index}`)
      } catch {
        // That older file does not exist yet.
      }
    }
    this.#fd = openSync(path, maxFiles > 1 ? 'a' : 'w', 0o640)
    this.#size = 0
  }

  [Symbol.dispose](): void {
    this.flush()
    closeSync(this.#fd)
  }
}

function record(stream: string, log: string, time: string): string {
  return `${JSON.stringify({ log, stream, time })}\n`
}
