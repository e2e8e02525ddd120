import type { Clock } from '#base/clock.ts'
import { KeyTimers } from './key-timers.ts'

export interface ReconcilerOptions {
  readonly clock: Clock
  /**
   * Compares what is declared for `key` with what is, and takes the next steps. Told nothing but the key, it reads everything anew.
   * `again`: run the key again in so many milliseconds, unless another run comes first. `signal` aborts when the reconciler stops.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<{ readonly again?: number } | void>
  /** How many keys run at once. */
  readonly concurrency: number
  /** Milliseconds until a key that failed runs again: `first`, doubled with each further failure up to `most`, reset by success. */
  readonly backoff: { readonly first: number; readonly most: number }
  /** Told every failure, but not those of runs that were aborted or whose key was forgotten. Must not throw. */
  readonly onError: (key: string, error: unknown) => void
}

interface Run {
  /** Touched meanwhile: what the run read may be old. */
  touched: boolean
  /** Forgotten meanwhile: how the run ends is of no interest. */
  forgotten: boolean
}

/**
 * The one loop that everything converges in. It queues keys, never events: touching a key that waits changes nothing. A key never
 * runs twice at once; touched while it runs, it runs once more: at once, or after the backoff when the run failed. Keys run in the
 * order in which they were touched.
 */
export class Reconciler implements AsyncDisposable {
  readonly #options: ReconcilerOptions
  readonly #ready = new Set<string>()
  readonly #running = new Map<string, Run>()
  readonly #failures = new Map<string, number>()
  /** Asked for with `touchAfter`: these stand, whatever happens in between. */
  readonly #asked: KeyTimers
  /** Backoff and `again`: what the last run of the key called for, void once the key runs anew. */
  readonly #followUps: KeyTimers
  readonly #stop = new AbortController()
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#asked = new KeyTimers(options.clock, (key) => this.touch(key))
    this.#followUps = new KeyTimers(options.clock, (key) => this.touch(key))
  }

  /** Has `key` run soon, never before this returns; also when it waits for its backoff, as somebody may have mended the cause. */
  touch(key: string): void {
    if (this.#stop.signal.aborted) return
    const run = this.#running.get(key)
    if (run !== undefined) {
      run.touched = true
      return
    }
    this.#ready.add(key)
    queueMicrotask(() => this.#fill())
  }

  /** Touches `key` in `delay` milliseconds; of several, the earliest counts. */
  touchAfter(key: string, delay: number): void {
    if (!this.#stop.signal.aborted) this.#asked.set(key, delay)
  }

  /** Drops everything about `key`: that it waits, its timers, its failures. A run that is under way ends undisturbed. */
  forget(key: string): void {
    this.#ready.delete(key)
    this.#asked.cancel(key)
    this.#followUps.cancel(key)
    this.#failures.delete(key)
    const run = this.#running.get(key)
    if (run !== undefined) Object.assign(run, { touched: false, forgotten: true })
    this.#tellIdle()
  }

  /** Resolves once nothing runs and nothing waits to run. What is only due later does not count. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    this.#idle ??= Promise.withResolvers<void>()
    return this.#idle.promise
  }

  /** Stops: starts no run any more, aborts those under way and waits for them. Touching from now on does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#ready.clear()
    this.#asked[Symbol.dispose]()
    this.#followUps[Symbol.dispose]()
    this.#tellIdle()
    await this.idle()
  }

  #fill(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) return
      this.#ready.delete(key)
      void this.#run(key)
    }
  }

  async #run(key: string): Promise<void> {
    const run: Run = { touched: false, forgotten: false }
    this.#running.set(key, run)
    this.#followUps.cancel(key)
    try {
      const result = await this.#options.reconcile(key, this.#stop.signal)
      if (!this.#isVoid(run)) this.#succeeded(key, run, result?.again)
    } catch (error) {
      if (!this.#isVoid(run)) this.#failed(key, run, error)
    } finally {
      this.#running.delete(key)
      if (run.touched) this.touch(key)
      this.#fill()
      this.#tellIdle()
    }
  }

  #succeeded(key: string, run: Run, again: number | undefined): void {
    this.#failures.delete(key)
    if (again !== undefined && !run.touched) this.#followUps.set(key, again)
  }

  #failed(key: string, run: Run, error: unknown): void {
    const { backoff, onError } = this.#options
    const before = this.#failures.get(key) ?? 0
    this.#failures.set(key, before + 1)
    this.#followUps.set(key, Math.min(backoff.first * 2 ** before, backoff.most))
    // The retry is the run that the touch asked for. Running at once would let a key that touches itself and fails spin.
    run.touched = false
    onError(key, error)
  }

  #isVoid(run: Run): boolean {
    return run.forgotten || this.#stop.signal.aborted
  }

  #isIdle(): boolean {
    return this.#ready.size === 0 && this.#running.size === 0
  }

  #tellIdle(): void {
    if (!this.#isIdle()) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}
