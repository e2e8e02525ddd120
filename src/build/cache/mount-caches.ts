import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { orAborted } from '#base/abort.ts'
import { discard } from '#host/files/discard.ts'

export type Sharing = 'shared' | 'private' | 'locked'

/** A cache directory that a step has. */
export interface CacheLease extends Disposable {
  readonly directory: string
  /** Nobody has had it before. */
  readonly fresh: boolean
}

/** Directories of `RUN --mount=type=cache`, by id. */
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
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1)
    const give = (): void => {
      this.#users.set(name, (this.#users.get(name) ?? 1) - 1)
      release()
    }
    return { directory, fresh, [Symbol.dispose]: give }
  }

  /** Deletes those that nobody has. */
  prune(): void {
    if (!existsSync(this.#directory)) return
    for (const name of readdirSync(this.#directory)) if ((this.#users.get(name) ?? 0) === 0) discard(`${this.#directory}/${name}`)
  }

  #unused(id: string): string {
    for (let count = 0; ; count++) {
      const name = nameOf(count === 0 ? id : `${id}\0${count}`)
      if ((this.#users.get(name) ?? 0) === 0) return name
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
