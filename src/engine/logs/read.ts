import { existsSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { namesIn } from '#host/files/names.ts'
import type { LogFormat, LogRecord } from '#keeper/log-format.ts'
import type { LogEnd } from '#keeper/protocol.ts'
import { Reader } from './reader.ts'

export interface LogSource {
  /** The newest file. */
  readonly path: string
  readonly format: LogFormat
}

export interface Follow {
  readonly signal: AbortSignal
  /** Whether nothing will be added any more. */
  readonly ended: () => boolean
  /** Calls `wake` whenever `ended` may have changed. */
  readonly changed: (wake: () => void) => Disposable
}

/**
 * Records of a rotated log, oldest first and some at a time; with `tail` the last so many alone, which reads no more of the
 * files than holds them; with `end` those before that place alone; with `follow` those still to come. Following survives rotations, however many happen at once.
 */
export async function* readLog(
  source: LogSource,
  {
    tail,
    end,
    follow,
  }: { readonly tail?: number | undefined; readonly end?: LogEnd | undefined; readonly follow?: Follow | undefined } = {},
): AsyncGenerator<LogRecord[]> {
  using open = new DisposableStack()
  const readers = upTo(
    openFiles(source).map((reader) => open.use(reader)),
    end,
  )
  let wanted = tail ?? Infinity
  if (tail !== undefined) for (const reader of readers.toReversed()) wanted -= reader.skipToLast(wanted)
  for (const reader of readers) yield* reader.read()
  const newest = readers.at(-1)
  if (follow !== undefined && newest !== undefined) yield* following(source, newest, follow)
}

async function* following(source: LogSource, newest: Reader, follow: Follow): AsyncGenerator<LogRecord[]> {
  using waker = new Waker(source.path, follow)
  let reader = newest
  // Files that have been rotated away are let go: a follower may stay for months.
  let later: Reader[] = []
  try {
    for (;;) {
      const over = follow.ended()
      yield* reader.read()
      if (follow.signal.aborted) return
      later = filesAfter(source, reader)
      const rotated = later.length > 0
      for (let next = later.shift(); next !== undefined; next = later.shift()) {
        // What was written between the last look and the rotation.
        yield* reader.read()
        reader[Symbol.dispose]()
        reader = next
      }
      if (rotated) continue
      if (over) return
      await waker.wait()
    }
  } finally {
    for (const one of [reader, ...later]) one[Symbol.dispose]()
  }
}

/**
 * All files of the log, oldest first. A rotation meanwhile moves each of them one number up, the oldest first: none is opened twice, and
 * the number that is free for a moment is no end.
 */
function openFiles({ path, format }: LogSource): Reader[] {
  const readers: Reader[] = []
  try {
    for (let index = 0; ; index++) {
      const name = index === 0 ? path : rotatedName(path, index)
      const reader = name === undefined ? undefined : tryOpen(name, format)
      if (reader === undefined) {
        if (index >= lastNumber(path)) return readers
      } else if (readers.some(({ inode }) => inode === reader.inode)) reader[Symbol.dispose]()
      else readers.unshift(reader)
    }
  } catch (error) {
    for (const reader of readers) reader[Symbol.dispose]()
    throw error
  }
}

/** The number of the oldest file; 0 when none was rotated, or all have gone with their container. */
function lastNumber(path: string): number {
  const prefix = `${basename(path)}.`
  const directory = dirname(path)
  const names = namesIn(directory).filter((name) => name.startsWith(prefix))
  return Math.max(0, ...names.map((name) => Number.parseInt(name.slice(prefix.length), 10)).filter(Number.isInteger))
}

/** Those of the files, of which the last is read up to `end`; none when that one is gone, and so are the older ones with it. */
function upTo(readers: Reader[], end: LogEnd | undefined): Reader[] {
  if (end === undefined) return readers
  const last = readers.findIndex(({ inode }) => inode === end.inode)
  readers[last]?.endAt(end.size)
  return readers.slice(0, last + 1)
}

/** The files that came after the one that `reader` reads, oldest first. */
function filesAfter(source: LogSource, reader: Reader): Reader[] {
  if (statSync(source.path, { throwIfNoEntry: false })?.ino === reader.inode) return []
  const all = openFiles(source)
  const place = all.findIndex(({ inode }) => inode === reader.inode)
  // Gone, or compressed, which keeps a file's time to the millisecond.
  const isLater = (other: Reader, index: number): boolean =>
    place === -1 ? other.writtenAt > reader.writtenAt + (other.path.endsWith('.gz') ? 1 : 0) : index > place
  return all.filter((other, index) => {
    const later = isLater(other, index) || other === all.at(-1)
    if (!later) other[Symbol.dispose]()
    return later
  })
}

function rotatedName(path: string, index: number): string | undefined {
  return [`${path}.${index}`, `${path}.${index}.gz`].find((name) => existsSync(name))
}

/**
 * Undefined when a rotation has just taken it, or it was damaged when it was compressed. Throws what keeps a file from being opened that
 * is there, as without a free descriptor: a log that seemed to have no newer file would be read again from its beginning.
 */
function tryOpen(path: string, format: LogFormat): Reader | undefined {
  try {
    return new Reader(path, format)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code.startsWith('Z_')) return undefined
    throw error
  }
}

/** Wakes a follower when the log's directory changes, its container exits, or its client goes. */
class Waker implements Disposable {
  readonly #stop: () => void
  #wake: (() => void) | undefined
  #pending = false

  constructor(path: string, follow: Pick<Follow, 'signal' | 'changed'>) {
    const wake = (): void => {
      this.#pending = true
      this.#wake?.()
    }
    const directory = dirname(path)
    // One that has gone with its container tells nothing more.
    const watcher = existsSync(directory) ? watch(directory, wake) : undefined
    const changes = follow.changed(wake)
    follow.signal.addEventListener('abort', wake, { once: true })
    this.#stop = () => {
      watcher?.close()
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
