import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import type { IndexedEntry } from '#build/context/indexed-tree.ts'
import { deleteTree } from '#host/files/discard.ts'
import { namesIn } from '#host/files/names.ts'
import { spreadSubdirectories } from '#host/files/spread.ts'
import { kindOfMode, permissionsOf } from './file-mode.ts'

/** What is known of an entry that came earlier: as long as nothing of it changes, it need not come again. */
export interface KeptEntry {
  readonly mode: number
  readonly size: number
  /** Nanoseconds since the epoch. */
  readonly modified: string
  readonly link: string
  /** sha256 of a file's content, in hexadecimal. */
  readonly digest: string
}

/** What is kept of a client's directory. */
export interface KeptContext {
  readonly id: string
  /** Bytes of its files. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly used: number
  /** A build has it. */
  readonly taken: boolean
}

/** Files of a client's directory as they came last, for one build at a time. */
export interface ContextLease extends Disposable {
  /** Where the files are. */
  readonly tree: string
  /** What is there, by path; nothing is known after a sync that was cut off. */
  readonly entries: ReadonlyMap<string, KeptEntry>
  /** Call before anything changes. */
  changing(): void
  /** Call when all is there. */
  changed(entries: ReadonlyMap<string, KeptEntry>): void
}

export interface Digested {
  readonly index: ReadonlyMap<string, IndexedEntry>
  /** By what was digested. */
  readonly digests: Map<string, string>
}

function indexed({ mode, link, digest }: KeptEntry): IndexedEntry {
  const kind = kindOfMode(mode)
  if (kind === 'symlink') return { kind, mode: 0o777, content: link }
  return { kind: kind === 'file' || kind === 'directory' ? kind : 'special', mode: permissionsOf(mode), content: digest }
}

/** How many are kept; the ones that nobody used for longest go first. */
const mostKept = 16

/** Clients' directories that were synced before, so that only differences come the next time. */
export class KeptContexts {
  readonly #directory: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #taken = new Set<string>()
  /** Indexes as they were read or written last; their memory is given back when something else needs it. */
  readonly #recent = new Map<string, WeakRef<ReadonlyMap<string, KeptEntry>>>()
  /** What builds made of them. */
  readonly #digested = new WeakMap<ReadonlyMap<string, KeptEntry>, Digested>()

  constructor(directory: string, clock: Clock, log: Log) {
    this.#directory = directory
    this.#clock = clock
    this.#log = log
  }

  /** The one that a key stands for; a build that finds it taken gets another one of the same key. */
  take(key: string): ContextLease {
    if (!existsSync(this.#directory)) {
      mkdirSync(this.#directory, { mode: 0o700 })
      spreadSubdirectories(this.#directory)
    }
    const name = this.#free(key)
    this.#taken.add(name)
    const home = `${this.#directory}/${name}`
    const index = `${home}/index.json`
    const entries = this.#entries(name, index)
    const isNew = !existsSync(home)
    mkdirSync(`${home}/tree`, { recursive: true, mode: 0o755 })
    return {
      tree: `${home}/tree`,
      entries,
      changing: () => existsSync(index) && unlinkSync(index),
      changed: (now) => {
        writeFileSync(`${index}.new`, JSON.stringify([...now]))
        renameSync(`${index}.new`, index)
        this.#recent.set(name, new WeakRef(now))
      },
      [Symbol.dispose]: () => {
        const now = this.#clock.now() / 1000
        utimesSync(home, now, now)
        this.#taken.delete(name)
        // The build that has just ended is none the worse for it.
        if (isNew)
          this.#trim().catch((error: unknown) =>
            this.#log.warn('contexts that nobody uses any more cannot be deleted', { error: messageOf(error) }),
          )
      },
    }
  }

  /** Entries as a build looks at them, with the digests that earlier builds of exactly these made. */
  digested(entries: ReadonlyMap<string, KeptEntry>): Digested {
    const known = this.#digested.get(entries)
    if (known !== undefined) return known
    const digested = { index: new Map([...entries].map(([path, entry]) => [path, indexed(entry)])), digests: new Map<string, string>() }
    this.#digested.set(entries, digested)
    return digested
  }

  /** Without its index on the disk, nothing is known of what is there. */
  #entries(name: string, index: string): ReadonlyMap<string, KeptEntry> {
    const recent = existsSync(index) ? this.#recent.get(name)?.deref() : undefined
    if (recent !== undefined) return recent
    const entries = readIndex(index)
    this.#recent.set(name, new WeakRef(entries))
    return entries
  }

  list(): KeptContext[] {
    return namesIn(this.#directory).map((id) => {
      const entries = readIndex(`${this.#directory}/${id}/index.json`)
      const size = [...entries.values()].reduce((sum, entry) => sum + (entry.digest === '' ? 0 : entry.size), 0)
      return { id, size, used: usedAt(this.#directory, id), taken: this.#taken.has(id) }
    })
  }

  /** Deletes those of the ids that nobody has taken, and resolves with theirs. */
  async prune(ids: ReadonlySet<string>): Promise<string[]> {
    const doomed = namesIn(this.#directory).filter((id) => ids.has(id) && !this.#taken.has(id))
    for (const id of doomed) this.#taken.add(id)
    try {
      for (const id of doomed) await deleteTree(`${this.#directory}/${id}`)
    } finally {
      for (const id of doomed) this.#taken.delete(id)
    }
    return doomed
  }

  async #trim(): Promise<void> {
    const idle = namesIn(this.#directory).filter((id) => !this.#taken.has(id))
    const byUse = idle.map((id) => ({ id, used: usedAt(this.#directory, id) })).toSorted((a, b) => b.used - a.used)
    await this.prune(new Set(byUse.slice(mostKept).map(({ id }) => id)))
  }

  #free(key: string): string {
    for (let count = 0; ; count++) {
      const name = createHash('sha256').update(`${key}\0${count}`).digest('hex')
      if (!this.#taken.has(name)) return name
    }
  }
}

/** Without an index, what is there can't be trusted: it counts as nothing and is replaced. */
function readIndex(path: string): ReadonlyMap<string, KeptEntry> {
  try {
    return new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, KeptEntry][])
  } catch {
    return new Map()
  }
}

const usedAt = (directory: string, id: string): number => statSync(`${directory}/${id}`).mtimeMs
