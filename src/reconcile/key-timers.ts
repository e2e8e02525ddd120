import type { Clock } from '#base/clock.ts'

interface KeyTimer extends Disposable {
  readonly due: number
}

/** At most one timer a key. */
export class KeyTimers implements Disposable {
  readonly #clock: Clock
  readonly #onDue: (key: string) => void
  readonly #timers = new Map<string, KeyTimer>()

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Makes `key` due in `delay` milliseconds, unless it is due earlier already. */
  set(key: string, delay: number): void {
    const due = this.#clock.now() + delay
    const old = this.#timers.get(key)
    if (old !== undefined && old.due <= due) return
    old?.[Symbol.dispose]()
    const timer = this.#clock.after(delay, () => {
      this.#timers.delete(key)
      this.#onDue(key)
    })
    this.#timers.set(key, { due, [Symbol.dispose]: () => timer[Symbol.dispose]() })
  }

  cancel(key: string): void {
    this.#timers.get(key)?.[Symbol.dispose]()
    this.#timers.delete(key)
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]()
    this.#timers.clear()
  }
}
