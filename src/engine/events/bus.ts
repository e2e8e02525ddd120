import type { Clock } from '#base/clock.ts'

/** One thing that happened, as `GET /events` tells it (Engine API, EventMessage). */
export interface EngineEvent {
  readonly type: 'container' | 'image' | 'network' | 'volume' | 'daemon'
  readonly action: string
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** How many past events `since` can reach, as in Docker. */
const remembered = 256

export class EventBus {
  readonly #clock: Clock
  readonly #past: EngineEvent[] = []
  readonly #listeners = new Set<(event: EngineEvent) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  emit(type: EngineEvent['type'], action: string, id: string, attributes: Readonly<Record<string, string>> = {}): void {
    const event = { type, action, id, attributes, time: this.#clock.now() }
    this.#past.push(event)
    if (this.#past.length > remembered) this.#past.shift()
    for (const listener of this.#listeners) listener(event)
  }

  past(): readonly EngineEvent[] {
    return this.#past
  }

  listen(listener: (event: EngineEvent) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }
}
