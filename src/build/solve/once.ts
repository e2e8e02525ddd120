/** Work that is done once for each key, however often it is asked for. */
export class Once<T> {
  readonly #done = new Map<string, Promise<T>>()

  once(key: string, task: () => Promise<T>): Promise<T> {
    const known = this.#done.get(key)
    if (known !== undefined) return known
    const doing = task()
    this.#done.set(key, doing)
    return doing
  }

  /** Resolves when nothing is under way, however it ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#done.values())
  }
}
