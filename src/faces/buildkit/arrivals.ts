import { once } from 'node:events'
import { sleep, type Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'

/** How long somebody waits for what it names: a client's session and the calls of its build come in any order. */
const patience = 5000

const arrived = new Error('it is there')

/** Things by an id that the client chose, of which one may be asked for before it is there. */
export class Arrivals<T> {
  readonly #clock: Clock
  readonly #what: string
  readonly #there = new Map<string, T>()
  readonly #news = new EventTarget()

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
    this.#news.dispatchEvent(new Event(id))
  }

  remove(id: string, thing: T): void {
    if (this.#there.get(id) === thing) this.#there.delete(id)
  }

  /** Throws `not found` when it doesn't come. */
  async get(id: string, signal: AbortSignal): Promise<T> {
    if (!this.#there.has(id)) await this.#arrival(id, signal)
    const found = this.#there.get(id)
    if (found === undefined) throw new GalleyError('not found', `no active ${this.#what} for ${id}`, { subject: id })
    return found
  }

  async #arrival(id: string, signal: AbortSignal): Promise<void> {
    const enough = new AbortController()
    const either = AbortSignal.any([enough.signal, signal])
    const waiting = [once(this.#news, id, { signal: either }), sleep(this.#clock, patience, either)]
    try {
      await Promise.race(waiting)
    } finally {
      // With a reason of its own: what an abort makes up has a whole stack.
      enough.abort(arrived)
      await Promise.allSettled(waiting)
    }
  }
}
