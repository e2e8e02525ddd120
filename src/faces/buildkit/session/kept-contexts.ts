import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { deleteTree } from '#host/files/discard.ts'

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

/** How many are kept; the ones that nobody used for longest go first. */
const mostKept = 16

/** Clients' directories that were synced before, so that only differences come the next time. */
export class KeptContexts {
  readonly #directory: string
  readonly #clock: Clock
  readonly #taken = new Set<string>()

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
  }

  /** The one that a key stands for; a build that finds it taken gets another one of the same key. */
  take(key: string): ContextLease {
    const name = this.#free(key)
    this.#taken.add(name)
    const home = `${this.#directory}/${name}`
    const index = `${home}/index.json`
    const entries = readIndex(index)
    mkdirSync(`${home}/tree`, { recursive: true, mode: 0o755 })
    return {
      tree: `${home}/tree`,
      entries,
      changing: () => existsSync(index) && unlinkSync(index),
      changed: (now) => {
        writeFileSync(`${index}.new`, JSON.stringify([...now]))
        renameSync(`${index}.new`, index)
      },
      [Symbol.dispose]: () => {
        const now = this.#clock.now() / 1000
        utimesSync(home, now, now)
        this.#taken.delete(name)
        void this.#trim(mostKept)
      },
    }
  }

  /** Deletes those that nobody has taken, but for `most`; resolves with the bytes that they had. */
  async prune(): Promise<void> {
    await this.#trim(0)
  }

  async #trim(most: number): Promise<void> {
    const idle = names(this.#directory).filter((name) => !this.#taken.has(name))
    const byAge = idle.map((name) => ({ name, used: statSync(`${this.#directory}/${name}`).mtimeMs })).toSorted((a, b) => b.used - a.used)
    for (const { name } of byAge.slice(most)) {
      this.#taken.add(name)
      await deleteTree(`${this.#directory}/${name}`)
      this.#taken.delete(name)
    }
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

function names(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}
