import type { Clock } from '#base/clock.ts'
import type { Container } from './model.ts'

const firstDelay = 100
const longestDelay = 60_000
/** A run this long makes the next restart quick again (moby, restartmanager). */
const settled = 10_000

/** Whether the policy wants a container that has just exited to run again (moby, restartmanager: ShouldRestart). */
export function wantsRestart({ hostConfig: { RestartPolicy }, state, restartCount }: Container): boolean {
  if (state.stoppedByHand) return false
  switch (RestartPolicy.Name) {
    case 'always':
    case 'unless-stopped':
      return true
    case 'on-failure':
      return state.exitCode !== 0 && (RestartPolicy.MaximumRetryCount === 0 || restartCount < RestartPolicy.MaximumRetryCount)
    default:
      return false
  }
}

/**
 * Whether a container that doesn't run is to be started with the daemon. As in Docker, `always` means that even for one that
 * was stopped by hand; one that was never started stays as it is.
 */
export function wantsStartWithDaemon({ hostConfig: { RestartPolicy }, state }: Container): boolean {
  if (state.status === 'restarting') return true
  if (state.status !== 'exited' || state.startedAt === 0) return false
  return RestartPolicy.Name === 'always' || (RestartPolicy.Name === 'unless-stopped' && !state.stoppedByHand)
}

/** The pending restarts: 100 ms after an exit, then twice as long each time, at most a minute; from the start again after a run of 10 s. */
export class Restarts implements Disposable {
  readonly #clock: Clock
  readonly #delays = new Map<string, number>()
  readonly #timers = new Map<string, Disposable>()
  /** How many restart it just now. */
  readonly #byHand = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs `task` after the container's backoff, in place of what was scheduled for it before. */
  schedule({ id, state }: Container, task: () => void): void {
    const before = state.finishedAt - state.startedAt >= settled ? undefined : this.#delays.get(id)
    const delay = before === undefined ? firstDelay : Math.min(before * 2, longestDelay)
    this.#delays.set(id, delay)
    this.#timers.get(id)?.[Symbol.dispose]()
    const timer = this.#clock.after(delay, () => {
      this.#timers.delete(id)
      task()
    })
    this.#timers.set(id, timer)
  }

  /** A person restarts it, until what is returned is disposed of: an end in between is not its last. */
  byHand(id: string): Disposable {
    this.#byHand.set(id, (this.#byHand.get(id) ?? 0) + 1)
    return { [Symbol.dispose]: () => this.#byHandNoMore(id) }
  }

  #byHandNoMore(id: string): void {
    const left = (this.#byHand.get(id) ?? 0) - 1
    if (left > 0) this.#byHand.set(id, left)
    else this.#byHand.delete(id)
  }

  isByHand(id: string): boolean {
    return this.#byHand.has(id)
  }

  /** A person started, stopped or removed it: nothing is pending, and the next restart will be quick. */
  forget(id: string): void {
    this.#timers.get(id)?.[Symbol.dispose]()
    this.#timers.delete(id)
    this.#delays.delete(id)
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]()
    this.#timers.clear()
  }
}
