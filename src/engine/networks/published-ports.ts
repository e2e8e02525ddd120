import { GalleyError } from '#base/error.ts'
import type { PublishedPort } from '#engine/containers/model.ts'
import type { HeldPort } from '#keeper/ports/held-ports.ts'
import type { NetworkKeeper } from './model.ts'
import { listener, takenError, type PortReservations } from './ports.ts'
import type { PublishedAddress, Rules } from './rules.ts'

export interface PublishedPortsOptions {
  readonly rules: Rules
  readonly reservations: PortReservations
  readonly keeper: NetworkKeeper | undefined
  /** Runs a change of the rules; where the table isn't what it should be, puts all of it in place anew. */
  readonly change: (apply: () => void) => void
}

/**
 * The ports that containers publish. IPv4 goes through the kernel's rules; the keeper holds a socket for each port, so that
 * nobody else takes it, and passes on what the rules don't: IPv6.
 */
export class PublishedPorts {
  readonly #options: PublishedPortsOptions
  readonly #published = new Map<string, { readonly address: string; readonly ports: readonly PublishedPort[] }>()

  constructor(options: PublishedPortsOptions) {
    this.#options = options
  }

  /** What the rules have to say. */
  open(): PublishedAddress[] {
    return [...this.#published.values()].flatMap(({ address, ports }) => ports.map((port) => ({ address, port })))
  }

  /** Address that a container's ports lead to. */
  addressOf(container: string): string | undefined {
    return this.#published.get(container)?.address
  }

  /** Takes down what a running container has published before the daemon started. */
  restore(container: string, address: string, ports: readonly PublishedPort[]): void {
    const { reservations, rules } = this.#options
    reservations.hold(container, ports)
    this.#published.set(container, { address, ports })
    rules.republish(address, ports)
  }

  /** All of them or none. Throws `conflict` with the holder's name. */
  async publish(container: string, address: string, wanted: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const { reservations, rules, change } = this.#options
    const ports = reservations.reserve(container, wanted)
    try {
      await this.#hold(container, address, ports)
      this.#published.set(container, { address, ports })
      change(() => rules.publish(address, ports))
      return ports
    } catch (error) {
      this.#published.delete(container)
      await this.#options.keeper?.hold({ container, ports: [] })
      reservations.release(container)
      throw error
    }
  }

  async unpublish(container: string): Promise<void> {
    const published = this.#published.get(container)
    if (published === undefined) return
    this.#published.delete(container)
    this.#options.change(() => this.#options.rules.unpublish(published.address, published.ports))
    // The port is free for the next one only when the socket is closed.
    await this.#options.keeper?.hold({ container, ports: [] })
    this.#options.reservations.release(container)
  }

  /** Tells a keeper that may be a new one everything. */
  async resume(): Promise<void> {
    const { keeper } = this.#options
    await keeper?.holdOnly([...this.#published.keys()])
    for (const [container, { address, ports }] of this.#published)
      await keeper?.hold({ container, ports: ports.map((port) => heldPort(address, port)) })
  }

  async #hold(container: string, address: string, ports: readonly PublishedPort[]): Promise<void> {
    const failure = await this.#options.keeper?.hold({ container, ports: ports.map((port) => heldPort(address, port)) })
    if (failure === undefined) return
    for (const port of ports) {
      const holder = listener(port)
      if (holder !== undefined) throw takenError(port, holder)
    }
    throw new GalleyError('conflict', `driver failed programming external connectivity on endpoint: ${failure}`, { code: 'port.refused' })
  }
}

function heldPort(address: string, { hostIp, hostPort, containerPort, protocol }: PublishedPort): HeldPort {
  return { protocol, address: hostIp, port: hostPort, to: { address, port: containerPort } }
}
