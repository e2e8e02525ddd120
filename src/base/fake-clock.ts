import type { Clock } from './clock.ts'

interface Alarm {
  readonly at: number
  readonly task: () => void
}

/** A clock for tests: time stands still but for `advance`. */
export class FakeClock implements Clock {
  #now: number
  readonly #alarms = new Set<Alarm>()

  constructor(now = 0) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(delay: number, task: () => void): Disposable {
    const alarm = { at: this.#now + Math.max(0, delay), task }
    this.#alarms.add(alarm)
    return { [Symbol.dispose]: () => void this.#alarms.delete(alarm) }
  }

  /** How many tasks wait for their time. */
  get waiting(): number {
    return this.#alarms.size
  }

  /**
   * Moves time on by `delay` milliseconds and runs what is due on the way, in order and each at its own time, also what is added
   * meanwhile. Promises that need no real input or output settle between the tasks.
   */
  async advance(delay: number): Promise<void> {
    const end = this.#now + delay
    await settle()
    for (let alarm = this.#next(end); alarm !== undefined; alarm = this.#next(end)) {
      this.#alarms.delete(alarm)
      this.#now = Math.max(this.#now, alarm.at)
      alarm.task()
      await settle()
    }
    this.#now = end
  }

  #next(end: number): Alarm | undefined {
    let next: Alarm | undefined
    for (const alarm of this.#alarms) if (alarm.at <= end && (next === undefined || alarm.at < next.at)) next = alarm
    return next
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
