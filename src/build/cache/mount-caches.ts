import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { orAborted } from '#base/abort.ts'
import { discard } from '#host/files/discard.ts'
import { namesIn } from '#host/files/names.ts'
import { sizeBelow } from '#host/files/size.ts'

export type Sharing = 'shared' | 'private' | 'locked'

/** A cache directory that a step has. */
export interface CacheLease extends Disposable {
  readonly directory: string
  /** Nobody has had it before. */
  readonly fresh: boolean
}

/** What is known of a cache directory. */
export interface CachedDirectory {
  /** The directory's own name. */
  readonly name: string
  /** As the Dockerfile calls it. */
  readonly id: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly used: number
  readonly inUse: boolean
}

/** Directories of `RUN --mount=type=cache`, by id; beside each is a file that has its id, and was written when it was last used. */
export class MountCaches {
  readonly #directory: string
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #users = new Map<string, number>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Gives a cache out; `locked` waits until nobody has it locked, `private` takes another one while somebody has it. */
  async take(id: string, sharing: Sharing, signal: AbortSignal): Promise<CacheLease> {
    const name = sharing === 'private' ? this.#unused(id) : nameOf(id)
    const release = sharing === 'locked' ? await this.#lock(name, signal) : () => undefined
    const directory = `${this.#directory}/${name}`
    const fresh = !existsSync(directory)
    if (fresh) mkdirSync(directory, { recursive: true, mode: 0o755 })
    writeFileSync(`${directory}.id`, id)
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1)
    const give = (): void => {
      this.#users.set(name, (this.#users.get(name) ?? 1) - 1)
      release()
    }
    return { directory, fresh, [Symbol.dispose]: give }
  }

  async list(): Promise<CachedDirectory[]> {
    const found: CachedDirectory[] = []
    for (const name of this.#names()) {
      const directory = `${this.#directory}/${name}`
      const stat = statSync(directory, { throwIfNoEntry: false })
      // It was pruned while others were counted.
      if (stat === undefined) continue
      const { birthtimeMs, mtimeMs } = stat
      const used = statSync(`${directory}.id`, { throwIfNoEntry: false })
      const id = used === undefined ? name : readFileSync(`${directory}.id`, 'utf8')
      const size = await sizeBelow(directory)
      found.push({ name, id, size, created: birthtimeMs, used: used?.mtimeMs ?? mtimeMs, inUse: this.#isUsed(name) })
    }
    return found
  }

  /** Deletes those that nobody has, all or those named, and returns their names. */
  prune(chosen?: ReadonlySet<string>): string[] {
    const doomed = this.#names().filter((name) => !this.#isUsed(name) && (chosen === undefined || chosen.has(name)))
    for (const name of doomed) for (const path of [name, `${name}.id`]) discard(`${this.#directory}/${path}`)
    return doomed
  }

  #names(): string[] {
    return namesIn(this.#directory).filter((name) => !name.endsWith('.id'))
  }

  #isUsed(name: string): boolean {
    return (this.#users.get(name) ?? 0) > 0
  }

  #unused(id: string): string {
    for (let count = 0; ; count++) {
      const name = nameOf(count === 0 ? id : `${id}\0${count}`)
      if (!this.#isUsed(name)) return name
    }
  }

  async #lock(name: string, signal: AbortSignal): Promise<() => void> {
    const released = Promise.withResolvers<void>()
    const before = this.#turns.get(name) ?? Promise.resolve()
    this.#turns.set(name, Promise.all([before, released.promise]))
    try {
      await orAborted(before, signal)
      return () => released.resolve()
    } catch (error) {
      released.resolve()
      throw error
    }
  }
}

function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}
