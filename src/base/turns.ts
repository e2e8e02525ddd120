/** Tasks that must not overlap: each begins when those that came before it are over, however they ended. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

/** As `Turns`, for each key by itself. */
export class KeyedTurns {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = before.then(task).finally(() => {
      if (this.#last.get(key) === over) this.#last.delete(key)
    })
    const over = turn.catch(() => undefined)
    this.#last.set(key, over)
    return turn
  }

  /** Whether a task of this key is under way, which the next one would wait for. */
  isBusy(key: string): boolean {
    return this.#last.has(key)
  }
}
