import type { Clock } from '#base/clock.ts'
import { newId } from '#base/id.ts'

/** What must be known of a session before it is asked for; all else it is told when it starts. */
export interface Spare {
  readonly id: string
  readonly container: string
  readonly tty: boolean
  readonly stdin: boolean
}

/** Milliseconds: sessions that follow each other so closely are likely to be followed by another. The keeper drops what waits longer. */
const soon = 10_000

/**
 * Which sessions are prepared: by the container that they belong to, at most one. Entering a container costs the time that its
 * runtime needs to start; where somebody enters again and again, as a test suite or a short health check does, it is spent beforehand.
 */
export class SpareSessions {
  readonly #clock: Clock
  /** By container: when a session ended last. */
  readonly #ended = new Map<string, number>()
  readonly #spares = new Map<string, { readonly spare: Spare; readonly at: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What was prepared went with the keeper. */
  clear(): void {
    this.#spares.clear()
  }

  /** The id of a prepared session of that kind, which is given once. */
  take(wanted: Omit<Spare, 'id'>): string | undefined {
    const spare = this.#find(wanted)
    if (spare !== undefined) this.#spares.delete(wanted.container)
    return spare?.id
  }

  /**
   * What to prepare now that `one` starts: another of its kind, if the one before ended a moment ago and none is waiting. So the next
   * one's runtime gets ready while this one runs. None with a terminal, as people take their time.
   */
  following(one: Omit<Spare, 'id'>): Spare | undefined {
    this.#dropOld()
    const { container, tty, stdin } = one
    if (!this.#ended.has(container) || tty || this.#find(one) !== undefined) return undefined
    const spare = { id: newId(), container, tty, stdin }
    this.#spares.set(container, { spare, at: this.#clock.now() })
    return spare
  }

  /** The same now that `last` has ended, for which nothing may have been prepared when it started, or too long ago. */
  next(last: Omit<Spare, 'id'>): Spare | undefined {
    const spare = this.following(last)
    this.#ended.set(last.container, this.#clock.now())
    return spare
  }

  #find({ container, tty, stdin }: Omit<Spare, 'id'>): Spare | undefined {
    this.#dropOld()
    const spare = this.#spares.get(container)?.spare
    return spare?.tty === tty && spare.stdin === stdin ? spare : undefined
  }

  #dropOld(): void {
    const before = this.#clock.now() - soon
    for (const [container, at] of this.#ended) if (at < before) this.#ended.delete(container)
    for (const [container, { at }] of this.#spares) if (at < before) this.#spares.delete(container)
  }
}
