import type { Clock } from './clock.ts'

/** Milliseconds. */
interface Pace {
  /** For which nothing must have happened. */
  readonly quiet: number
  /** That lie between two runs of the task at least. */
  readonly apart: number
}

/** Runs a task once after each burst of activity, when all has been quiet for a while. Where nothing happens, nothing runs. */
export class Rest implements Disposable {
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #task: () => void
  #touched = 0
  #ran = -Infinity
  #timer: Disposable | undefined

  constructor(clock: Clock, pace: Pace, task: () => void) {
    this.#clock = clock
    this.#pace = pace
    this.#task = task
  }

  /** Something happened. */
  touch(): void {
    this.#touched = this.#clock.now()
    this.#timer ??= this.#clock.after(this.#pace.quiet, () => this.#look())
  }

  #look(): void {
    const now = this.#clock.now()
    const left = Math.max(this.#touched + this.#pace.quiet, this.#ran + this.#pace.apart) - now
    this.#timer = undefined
    if (left > 0) this.#timer = this.#clock.after(left, () => this.#look())
    else {
      this.#ran = now
      this.#task()
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }
}
