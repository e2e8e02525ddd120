import { sleep } from '#base/clock.ts'
import { isLoopback } from '#host/netns/listener.ts'
import { probe } from './probe.ts'
import { judge, type Limits, type PortState, type Verdict } from './verdict.ts'
import type { Session, World } from './world.ts'

/** Milliseconds between two looks at who listens: the kernel tells nobody when a socket begins to. */
const interval = 100

interface Readiness extends Session {
  readonly limits: Limits
  /** Ports inside that tell, where no health check does. */
  readonly ports: readonly number[]
}

/** Waits until a container that nothing leads to yet could take over, or is lost; it is asked at its own address. */
export async function awaitReady(container: string, { world, signal, limits, ports }: Readiness): Promise<Verdict> {
  const began = world.clock.now()
  let ends = 0
  let woken = Promise.withResolvers<void>()
  const asked = new Port(world, container, { limits, onAnswer: () => woken.resolve() })
  using _changes = world.containers.changed((change) => {
    if (change.container !== container) return
    if (change.action === 'die') {
      ends++
      asked.forget()
    }
    woken.resolve()
  })
  for (;;) {
    const now = world.clock.now()
    const port = ports.length === 0 ? undefined : asked.look(ports)
    const verdict = judge({ container: world.containers.find(container), now, elapsed: now - began, ends, port }, limits)
    // What ends by itself takes nobody's place.
    if (verdict.state === 'completed') return { state: 'failed', text: verdict.text }
    if (verdict.state !== 'waiting') return verdict
    await Promise.race([woken.promise, sleep(world.clock, interval, signal)])
    woken = Promise.withResolvers()
  }
}

/** How the ports of a container do that is not published. */
class Port {
  readonly #world: World
  readonly #container: string
  readonly #limits: Limits
  readonly #onAnswer: () => void
  #state: PortState = { state: 'closed' }

  constructor(world: World, container: string, { limits, onAnswer }: { readonly limits: Limits; readonly onAnswer: () => void }) {
    this.#world = world
    this.#container = container
    this.#limits = limits
    this.#onAnswer = onAnswer
  }

  /** A new process of it begins anew. */
  forget(): void {
    this.#state = { state: 'closed' }
  }

  look(ports: readonly number[]): PortState {
    const { containers, clock } = this.#world
    if (this.#state.state !== 'closed') return this.#state
    const listening = (containers.listeners(this.#container) ?? []).filter((one) => !isLoopback(one)).map(({ port }) => port)
    const open = ports.find((port) => listening.includes(port))
    if (open === undefined) return this.#state
    const seen: PortState = { state: 'open', since: clock.now() }
    this.#state = seen
    const address = containers.find(this.#container)?.address
    if (address !== undefined)
      void probe(address, open, { clock, patience: this.#limits.timeout }).then((answer) => {
        if (answer === 'nothing' || this.#state !== seen) return
        this.#state = { state: 'answers' }
        this.#onAnswer()
      })
    return this.#state
  }
}
