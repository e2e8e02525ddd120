import { closeSync, existsSync, openSync, readSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { GalleyError } from '#base/error.ts'

export interface LogRecord {
  readonly log: string
  readonly stream: 'stdout' | 'stderr'
  readonly time: string
}

const chunkSize = 256 << 10

/**
 * Records of a rotated json-file log, oldest first, and with `follow` those still to come until `ended` says that nothing
 * will be added. Following survives a rotation: what is left of the old file is read before the new one.
 */
export async function* readLog(
  path: string,
  follow: { readonly signal: AbortSignal; readonly ended: () => boolean; readonly changed: (wake: () => void) => Disposable } | undefined,
): AsyncGenerator<LogRecord> {
  if (!existsSync(path)) throw new GalleyError('not found', `no log file at ${path}`)
  for (let index = oldest(path); index > 0; index--) yield* recordsOf(new Reader(`${path}.${index}`))
  let reader = new Reader(path)
  try {
    if (follow === undefined) {
      yield* reader.read()
      return
    }
    using waker = new Waker(path, follow)
    for (;;) {
      const over = follow.ended() || follow.signal.aborted
      yield* reader.read()
      if (reader.replaced(path)) {
        yield* reader.read()
        reader.close()
        reader = new Reader(path)
      } else if (over) return
      else await waker.wait()
    }
  } finally {
    reader.close()
  }
}

function* recordsOf(reader: Reader): Generator<LogRecord> {
  try {
    yield* reader.read()
  } finally {
    reader.close()
  }
}

function oldest(path: string): number {
  let index = 0
  while (existsSync(`${path}.${index + 1}`)) index++
  return index
}

class Reader {
  readonly #fd: number
  readonly #inode: number
  #offset = 0
  #rest = Buffer.alloc(0)

  constructor(path: string) {
    this.#inode = statSync(path).ino
    this.#fd = openSync(path, 'r')
  }

  /** Whole records from where the last call ended to the end of the file. */
  *read(): Generator<LogRecord> {
    for (;;) {
      const chunk = Buffer.alloc(chunkSize)
      const length = readSync(this.#fd, chunk, 0, chunkSize, this.#offset)
      if (length === 0) return
      this.#offset += length
      const data = Buffer.concat([this.#rest, chunk.subarray(0, length)])
      const end = data.lastIndexOf(10)
      this.#rest = data.subarray(end + 1)
      for (const line of data.toString('utf8', 0, Math.max(end, 0)).split('\n')) if (line !== '') yield JSON.parse(line) as LogRecord
    }
  }

  replaced(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.ino !== this.#inode
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Wakes a follower when the log's directory changes, its container exits, or its client goes. */
class Waker implements Disposable {
  readonly #stop: () => void
  #wake: (() => void) | undefined
  #pending = false

  constructor(path: string, follow: { readonly signal: AbortSignal; readonly changed: (wake: () => void) => Disposable }) {
    const wake = (): void => {
      this.#pending = true
      this.#wake?.()
    }
    const watcher = watch(dirname(path), wake)
    const changes = follow.changed(wake)
    follow.signal.addEventListener('abort', wake, { once: true })
    this.#stop = () => {
      watcher.close()
      changes[Symbol.dispose]()
      follow.signal.removeEventListener('abort', wake)
    }
  }

  async wait(): Promise<void> {
    if (!this.#pending) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#pending = false
  }

  [Symbol.dispose](): void {
    this.#stop()
  }
}
