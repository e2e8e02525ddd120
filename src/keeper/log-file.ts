import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { compress } from './compress.ts'
import { recordEncoder } from './log-format.ts'
import type { Progress, Stream } from './progress.ts'
import type { LogEnd, LogSpec } from './protocol.ts'

/** Longest piece of a line that becomes one record, as in Docker. */
const longest = 16 << 10

/**
 * Appends a process's output to a rotated log. A line is in the file before more output is read, so that nothing waits in
 * memory; a full disk loses records, and never blocks the process.
 */
export class LogFile implements Disposable {
  readonly #spec: LogSpec
  readonly #pending = new Map<Stream, Buffer>()
  readonly #progress: Progress | undefined
  #fd: number
  #size: number
  #inode: number
  /** Bytes of each stream that are in the log, with those of the batch. */
  readonly #done = { stdout: 0, stderr: 0 }
  #batch: string[] = []
  #batchSize = 0
  /** The rotated file that is being compressed: its number, which later rotations raise. */
  #compressing: { index: number } | undefined

  /** With `progress`, what a keeper before this one wrote and did not note is taken back: it comes again. */
  constructor(spec: LogSpec, progress?: Progress) {
    this.#spec = spec
    this.#progress = progress
    this.#fd = openSync(spec.path, 'a', 0o640)
    const { ino, size } = fstatSync(this.#fd)
    this.#inode = ino
    this.#size = size
    if (progress === undefined) return
    const noted = progress.position
    Object.assign(this.#done, { stdout: noted.stdout, stderr: noted.stderr })
    if (noted.inode === ino && noted.size < size) {
      ftruncateSync(this.#fd, noted.size)
      this.#size = noted.size
    }
    this.#note()
  }

  /** What each stream has written of a line that has not ended. */
  get unwritten(): Iterable<readonly [Stream, Buffer]> {
    return this.#pending
  }

  write(stream: Stream, chunk: Buffer): void {
    const held = this.#pending.get(stream)
    const data = held === undefined ? chunk : Buffer.concat([held, chunk])
    const encode = recordEncoder(this.#spec, { stream, time: new Date().toISOString() })
    let start = 0
    for (;;) {
      const newline = data.indexOf(10, start)
      const length = (newline === -1 ? data.length : newline + 1) - start
      if (newline === -1 && length < longest) break
      const end = length <= longest ? start + length : wholeCharacters(data, start, start + longest)
      this.#add(encode(data.toString('utf8', start, end)))
      this.#done[stream] += end - start
      start = end
    }
    this.#pending.set(stream, data.subarray(start))
    this.#append()
  }

  /** Writes what has no newline yet, as its stream has ended. */
  flush(): void {
    const time = new Date().toISOString()
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = this.#pending.get(stream)
      if (rest === undefined || rest.length === 0) continue
      this.#add(recordEncoder(this.#spec, { stream, time })(rest.toString('utf8')))
      this.#done[stream] += rest.length
    }
    this.#pending.clear()
    this.#append()
  }

  /** Puts a record among those that are written together, in a new file when this one is full. */
  #add(record: string): void {
    const length = Buffer.byteLength(record)
    if (this.#size + this.#batchSize > 0 && this.#size + this.#batchSize + length > this.#spec.maxSize) {
      this.#append()
      this.#rotate()
    }
    this.#batch.push(record)
    this.#batchSize += length
  }

  #append(): void {
    if (this.#batchSize === 0) return
    const bytes = Buffer.from(this.#batch.join(''))
    this.#batch = []
    this.#batchSize = 0
    try {
      const written = writeSync(this.#fd, bytes)
      if (written === bytes.length) this.#size += written
      else ftruncateSync(this.#fd, this.#size)
    } catch {
      // The disk is full or gone: the process must go on.
    }
    this.#note()
  }

  #note(): void {
    this.#progress?.save({ inode: this.#inode, size: this.#size, ...this.#done })
  }

  /** The old file is let go only when there is a new one, for which a full disk may have no room. */
  #rotate(): void {
    const { path, maxFiles } = this.#spec
    let next: number | undefined
    try {
      next = openSync(`${path}.next`, 'w', 0o640)
      for (let index = this.#oldest(); index > 0; index--) this.#shift(index)
      if (maxFiles > 1) renameSync(path, `${path}.1`)
      renameSync(`${path}.next`, path)
      closeSync(this.#fd)
      this.#fd = next
      this.#size = 0
      this.#inode = fstatSync(next).ino
    } catch {
      if (next !== undefined && next !== this.#fd) closeSync(next)
      return
    }
    this.#note()
    if (this.#compressing !== undefined) this.#compressing.index++
    else if (this.#spec.compress && maxFiles > 1) void this.#compressNewest()
  }

  /** Number of the oldest rotated file; 0 when there is none. */
  #oldest(): number {
    let index = 0
    while (['', '.gz'].some((end) => existsSync(`${this.#spec.path}.${index + 1}${end}`))) index++
    return index
  }

  /** Moves a rotated file, compressed or not, one number up, or deletes it when it would be one too many. */
  #shift(index: number): void {
    const { path, maxFiles } = this.#spec
    for (const end of ['', '.gz']) {
      const name = `${path}.${index}${end}`
      if (!existsSync(name)) continue
      if (index + 1 >= maxFiles) unlinkSync(name)
      else renameSync(name, `${path}.${index + 1}${end}`)
    }
  }

  async #compressNewest(): Promise<void> {
    const { path, maxFiles } = this.#spec
    const work = { index: 1 }
    this.#compressing = work
    try {
      await compress(`${path}.1`, `${path}.gz.part`)
      if (work.index >= maxFiles) remove(`${path}.gz.part`)
      else {
        renameSync(`${path}.gz.part`, `${path}.${work.index}.gz`)
        remove(`${path}.${work.index}`)
      }
    } catch {
      // There is no room for the smaller file: the larger one stays.
      remove(`${path}.gz.part`)
    } finally {
      this.#compressing = undefined
    }
  }

  [Symbol.dispose](): void {
    this.flush()
    closeSync(this.#fd)
  }
}

/** Where the log whose newest file is `path` ends now; undefined when there is none. */
export function logEnd(path: string): LogEnd | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : { inode: stat.ino, size: stat.size }
}

/** `end`, or up to three bytes before it where a character of UTF-8 would be cut. */
function wholeCharacters(data: Buffer, start: number, end: number): number {
  for (let cut = end; cut > Math.max(start, end - 4); cut--) if (((data[cut] ?? 0) & 0xc0) !== 0x80) return cut
  return end
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // There is none.
  }
}
