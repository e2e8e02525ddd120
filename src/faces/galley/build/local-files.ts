import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, type BigIntStats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { GalleyError } from '#base/error.ts'
import { ignoring, type Ignores } from '#build/context/ignore.ts'
import type { FileSelection, FileSink, FileSource, Stat } from '#faces/buildkit/client.ts'
import { goMode } from '#faces/buildkit/session/file-mode.ts'
import { attribute, attributeNames } from '#host/files/attributes.ts'
import { ifThere } from '#base/if-there.ts'
import { everything, followed, type Wanted } from './followed.ts'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** Entries, and bytes, after which others get their turn. */
const turn = { entries: 512, bytes: 8 << 20 } as const

const chunk = Buffer.allocUnsafeSlow(1 << 18)

/** Attributes are read with the content. */
type LocalStat = Stat & { readonly attributes: Map<string, Buffer> }

/** Files of a directory of this machine; nothing is sent anywhere. */
export class LocalFiles implements FileSource {
  received = 0
  readonly #root: string
  readonly #selection: FileSelection
  readonly #signal: AbortSignal
  #stats: LocalStat[] = []

  constructor(root: string, selection: FileSelection, signal: AbortSignal) {
    this.#root = root
    this.#selection = selection
    this.#signal = signal
  }

  async stats(): Promise<Stat[]> {
    const { exclude = [], follow } = this.#selection
    const wanted = follow === undefined ? everything : followed(this.#root, follow)
    const walker = new Walker(this.#root, exclude)
    const stats: LocalStat[] = []
    for (const stat of walker.below('', wanted)) {
      stats.push(stat)
      if (stats.length % turn.entries !== 0) continue
      await setImmediate()
      this.#signal.throwIfAborted()
    }
    this.#stats = stats
    return stats
  }

  async receive(wanted: Iterable<readonly [number, () => FileSink]>): Promise<void> {
    let before = 0
    for (const [index, open] of wanted) {
      const stat = this.#stats[index]
      if (stat === undefined) throw new GalleyError('internal', `there is no file ${index}`)
      for (const _ of this.#copy(stat, open)) {
        if (this.received - before < turn.bytes) continue
        before = this.received
        await setImmediate()
        this.#signal.throwIfAborted()
      }
    }
  }

  finish(): void {}

  cancel(): void {}

  /** Yields after each piece. A file that went away meanwhile is as one that a client could not read: short, and asked for again. */
  *#copy(stat: LocalStat, open: () => FileSink): Generator<void> {
    const path = `${this.#root}/${stat.path}`
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      for (const name of attributeNames(Buffer.from(path))) {
        const value = attribute(Buffer.from(path), name)
        if (value !== undefined) stat.attributes.set(name, value)
      }
      const sink = open()
      for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
        sink.write(chunk.subarray(0, length))
        this.received += length
        yield
      }
      sink.end()
    } finally {
      closeSync(fd)
    }
  }
}

/** Goes through a directory: directories before what is in them, names in order. */
class Walker {
  readonly #root: string
  readonly #ignores: Ignores
  /** What a later rule lets in again may lie in a directory that an earlier one excludes. */
  readonly #readmits: boolean

  constructor(root: string, exclude: readonly string[]) {
    this.#root = root
    this.#ignores = exclude.length === 0 ? () => false : ignoring(exclude)
    this.#readmits = exclude.some((pattern) => pattern.startsWith('!'))
  }

  *below(directory: string, wanted: Wanted): Generator<LocalStat> {
    const there = (wanted === everything ? this.#names(directory) : [...wanted.keys()]).toSorted(byBytes)
    for (const name of there) {
      const path = directory === '' ? name : `${directory}/${name}`
      const ignored = this.#ignores(path)
      if (ignored && !this.#readmits) continue
      const stats = lstatSync(`${this.#root}/${path}`, { bigint: true, throwIfNoEntry: false })
      if (stats === undefined || stats.isSocket()) {
        if (path.includes('\uFFFD')) throw new GalleyError('invalid', `the name of a file is not in UTF-8: ${path}`, { subject: path })
        continue
      }
      const link = stats.isSymbolicLink() ? ifThere(() => readlinkSync(`${this.#root}/${path}`)) : ''
      if (link === undefined) continue
      const inside = stats.isDirectory() ? this.below(path, wanted === everything ? everything : (wanted.get(name) ?? everything)) : []
      if (ignored) yield* this.#afterParent(path, stats, inside)
      else {
        yield this.#stat(path, stats, link)
        yield* inside
      }
    }
  }

  /** None of a directory that has gone meanwhile, as for the clients of BuildKit (tonistiigi/fsutil). */
  #names(directory: string): string[] {
    return ifThere(() => readdirSync(`${this.#root}/${directory}`)) ?? []
  }

  /** A directory that is ignored comes only with what a later rule lets in again. */
  *#afterParent(path: string, stats: BigIntStats, inside: Iterable<LocalStat>): Generator<LocalStat> {
    let told = false
    for (const stat of inside) {
      if (!told) yield this.#stat(path, stats)
      told = true
      yield stat
    }
  }

  #stat(path: string, stats: BigIntStats, link = ''): LocalStat {
    return {
      path,
      mode: goMode({ mode: Number(stats.mode) }),
      uid: 0,
      gid: 0,
      size: stats.isFile() ? Number(stats.size) : 0,
      modified: stats.mtimeNs,
      link,
      deviceMajor: 0,
      deviceMinor: 0,
      attributes: new Map(),
    }
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1
}
