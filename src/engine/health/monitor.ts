import { sleep, type Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { eventAttributes } from '#engine/containers/create.ts'
import type { Container, Probe } from '#engine/containers/model.ts'
import type { EngineEvent, EventBus } from '#engine/events/bus.ts'
import { checkOf, initialHealth, type Check } from './check.ts'
import { judge, nextIn } from './judge.ts'

export interface MonitorOptions {
  readonly clock: Clock
  readonly log: Log
  readonly events: EventBus
  readonly containers: {
    list(): readonly Container[]
    find(id: string): Container | undefined
    save(container: Container): Promise<void>
  }
  /** Runs the check once, in the container. */
  readonly probe: (container: Container, check: Check) => Promise<Probe>
}

/** Runs the checks of running containers, from their start to their end. For a container without one it does nothing. */
export class HealthMonitor implements Disposable {
  readonly #options: MonitorOptions
  readonly #watched = new Map<string, AbortController>()
  readonly #listening: Disposable

  /** Takes up the checks of what runs already, as after a start of the daemon, and of what starts from now on. */
  constructor(options: MonitorOptions) {
    this.#options = options
    this.#listening = options.events.listen((event) => this.#heard(event))
    for (const container of options.containers.list()) if (container.state.status === 'running') this.#begin(container)
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]()
    for (const id of this.#watched.keys()) this.#end(id)
  }

  #heard({ type, action, id }: EngineEvent): void {
    if (type !== 'container') return
    const container = this.#options.containers.find(id)
    if ((action === 'start' || action === 'unpause') && container !== undefined) this.#begin(container)
    else if (action === 'die' || action === 'pause' || action === 'destroy') this.#end(id)
  }

  #begin(container: Container): void {
    const check = checkOf(container.config)
    if (check === undefined) return
    this.#end(container.id)
    const stop = new AbortController()
    this.#watched.set(container.id, stop)
    this.#watch(container, check, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) this.#options.log.error('a health check stopped', { container: container.id, error: messageOf(error) })
    })
  }

  #end(id: string): void {
    this.#watched.get(id)?.abort()
    this.#watched.delete(id)
  }

  async #watch(container: Container, check: Check, stop: AbortSignal): Promise<void> {
    const { clock, probe } = this.#options
    const { state } = container
    for (;;) {
      const about = { check, startedAt: state.startedAt }
      const before = state.health ?? initialHealth(container.config)
      if (before === undefined) return
      await sleep(clock, nextIn(before, clock.now(), about), stop)
      const found = await probe(container, check)
      // It has ended meanwhile, which is told only when that is booked: what is found then is no health of its.
      if (stop.aborted || state.status !== 'running') return
      state.health = judge(before, found, about)
      if (state.health.status !== before.status) await this.#changed(container, state.health.status)
    }
  }

  async #changed(container: Container, status: string): Promise<void> {
    try {
      await this.#options.containers.save(container)
    } catch (error) {
      // A full disk: what is found is true all the same.
      this.#options.log.warn('a health could not be written down', { container: container.id, error: messageOf(error) })
    }
    this.#options.events.emit('container', `health_status: ${status}`, container.id, eventAttributes(container))
  }
}
