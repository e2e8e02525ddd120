import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'

/** How long somebody waits for what it names: a client's session and the calls of its build come in any order. */
const patience = 5000

/** Things by an id that the client chose, of which one may be asked for before it is there. */
export class Arrivals<T> {
  readonly #clock: Clock
  readonly #what: string
  readonly #there = new Map<string, T>()
  /** What to call when something comes, by its id. */
  readonly #waiting = new Map<string, Set<() => void>>()

  /** `what` is how a message calls one of them. */
  constructor(clock: Clock, what: string) {
    this.#clock = clock
    this.#what = what
  }

  has(id: string): boolean {
    return this.#there.has(id)
  }

  add(id: string, thing: T): void {
    this.#there.set(id, thing)
    for (const tell of this.#waiting.get(id) ?? []) tell()
  }

  remove(id: string, thing: T): void {
    if (this.#there.get(id) === thing) this.#there.delete(id)
  }

  /** Throws `not found` when it doesn't come, and the signal's reason. */
  async get(id: string, signal: AbortSignal): Promise<T> {
    if (!this.#there.has(id)) await this.#arrival(id, signal)
    const found = this.#there.get(id)
    if (found === undefined) throw new GalleyError('not found', `no active ${this.#what} for ${id}`, { subject: id })
    return found
  }

  async #arrival(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const enough = (): void => resolve()
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting.add(enough))
    using _ = this.#clock.after(patience, enough)
    signal.addEventListener('abort', enough, { once: true })
    await promise
    signal.removeEventListener('abort', enough)
    waiting.delete(enough)
    if (waiting.size === 0) this.#waiting.delete(id)
    signal.throwIfAborted()
  }
}
