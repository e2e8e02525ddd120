import { isIPv6 } from 'node:net'
import { GalleyError, messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import type { PublishedPort } from '#engine/containers/model.ts'
import { forgetDatagramFlows } from '#host/netns/datagram-flows.ts'
import type { HeldPort } from '#keeper/ports/held-ports.ts'
import type { NetworkKeeper } from './model.ts'
import { isEvery, isRouted, listener, routedPorts, takenError, type IPFamily, type PortReservations } from './ports.ts'
import type { PublishedAddress } from './rule-table.ts'
import type { Rules } from './rules.ts'

/** Where a container's ports lead to. */
export interface Target {
  /** Of IPv4, or of IPv6 where the container has nothing else. */
  readonly address: string
  /** For those that are published on IPv6; without, these lead to `address` as well. */
  readonly ipv6?: string
  /** Families of which others reach the container by its own address. */
  readonly routed?: readonly IPFamily[]
}

export interface PublishedPortsOptions {
  readonly rules: Rules
  readonly reservations: PortReservations
  readonly keeper: NetworkKeeper | undefined
  /** Runs a change of the rules; where the table isn't what it should be, puts all of it in place anew. */
  readonly change: (apply: () => void) => void
  readonly log: Log
}

/**
 * The ports that containers publish. The kernel's rules lead each family to the container's address of that family; the keeper holds
 * a socket for each port, so that nobody else takes it, and passes on what the rules don't: one family to a container that has only the other, and `::1`.
 */
export class PublishedPorts {
  readonly #options: PublishedPortsOptions
  readonly #published = new Map<string, { readonly target: Target; readonly ports: readonly PublishedPort[] }>()

  constructor(options: PublishedPortsOptions) {
    this.#options = options
  }

  /** What the rules have to say. */
  open(): PublishedAddress[] {
    return [...this.#published.values()].flatMap(({ target, ports }) => lead(target, ports))
  }

  /** The address that a container's ports lead to. */
  addressOf(container: string): string | undefined {
    return this.#published.get(container)?.target.address
  }

  /** Takes down what a running container has published before the daemon started. */
  restore(container: string, target: Target, ports: readonly PublishedPort[]): void {
    const { reservations, rules } = this.#options
    reservations.hold(container, ports)
    this.#published.set(container, { target, ports })
    rules.republish(lead(target, ports))
  }

  /** All of them or none. Throws `conflict` with the holder's name. */
  async publish(container: string, target: Target, wanted: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const { reservations, rules, change } = this.#options
    const { routed = [] } = target
    const ports = [...reservations.reserve(container, wanted, routed), ...routedPorts(wanted, routed)]
    try {
      await this.#hold(container, target, ports)
      this.#published.set(container, { target, ports })
      change(() => rules.publish(lead(target, ports)))
      // It takes the kernel its time, in which the container starts.
      void this.#turnDatagrams(lead(target, ports))
      return ports
    } catch (error) {
      this.#published.delete(container)
      await this.#letGo(container)
      throw error
    }
  }

  /**
   * `next` takes over what `old` has published, as far as its `wanted` ask for the same or leave the choice; what else it wants is
   * published anew, what it doesn't want is given back. New connections go to `next` from one packet to the next, known ones stay
   * where they are, but for datagrams, of which no packet is the last. Throws `conflict` when a port is taken by somebody else; then nothing has changed.
   */
  async handOver(
    old: string,
    next: string,
    { target, wanted }: { readonly target: Target; readonly wanted: readonly PublishedPort[] },
  ): Promise<readonly PublishedPort[]> {
    const { rules, change, reservations, keeper } = this.#options
    const before = this.#published.get(old) ?? { target, ports: [] }
    const { routed = [] } = target
    const { kept, open } = inherit(
      before.ports.filter((port) => !isRouted(port)),
      wanted,
    )
    const ports = [...kept, ...reservations.reserve(next, open, routed), ...routedPorts(wanted, routed)]
    const had = this.#published.has(old)
    try {
      // The sockets first: they pass on what the rules do not, and are there for whoever looks who has the port.
      await this.#hold(next, target, ports)
      this.#published.delete(old)
      this.#published.set(next, { target, ports })
      change(() => rules.lead(lead(before.target, before.ports), lead(target, ports)))
    } catch (error) {
      this.#published.delete(next)
      if (had) this.#published.set(old, before)
      reservations.release(next)
      await keeper?.hold({ container: old, ports: heldPorts(before.target, before.ports) })
      throw error
    }
    await this.#turnDatagrams(lead(target, ports))
    reservations.release(old)
    reservations.hold(next, kept)
    await keeper?.hold({ container: old, ports: [] })
    return ports
  }

  async unpublish(container: string): Promise<void> {
    const published = this.#published.get(container)
    if (published === undefined) return
    this.#published.delete(container)
    try {
      this.#options.change(() => this.#options.rules.unpublish(lead(published.target, published.ports)))
      void this.#turnDatagrams(lead(published.target, published.ports), 'to nobody')
    } finally {
      await this.#letGo(container)
    }
  }

  /** The port is free for the next one only when the socket is closed; a keeper that has just died holds none. */
  async #letGo(container: string): Promise<void> {
    try {
      await this.#options.keeper?.hold({ container, ports: [] })
    } finally {
      this.#options.reservations.release(container)
    }
  }

  /** Tells a keeper that may be a new one everything. */
  async resume(): Promise<void> {
    const { keeper } = this.#options
    await keeper?.holdOnly([...this.#published.keys()])
    for (const [container, { target, ports }] of this.#published) await keeper?.hold({ container, ports: heldPorts(target, ports) })
  }

  /**
   * The rules are asked once for each client; one that keeps its port would be led for ever to whoever had the port when it began. TCP
   * has connections, which end. Never rejects.
   */
  async #turnDatagrams(ports: readonly PublishedAddress[], to: 'the target' | 'to nobody' = 'the target'): Promise<void> {
    const datagrams = ports.filter(({ port }) => port.protocol === 'udp' && !isRouted(port))
    try {
      await forgetDatagramFlows(
        datagrams.map(({ address, port }) => ({
          port: { address: port.hostIp, port: port.hostPort },
          keeps: to === 'the target' ? { address, port: port.containerPort } : undefined,
        })),
      )
    } catch (error) {
      const named = datagrams.map(({ port }) => port.hostPort)
      this.#options.log.warn('clients of UDP ports may be led to where these led before', { ports: named, error: messageOf(error) })
    }
  }

  async #hold(container: string, target: Target, ports: readonly PublishedPort[]): Promise<void> {
    const failure = await this.#options.keeper?.hold({ container, ports: heldPorts(target, ports) })
    if (failure === undefined) return
    for (const port of ports) {
      const holder = listener(port)
      if (holder !== undefined) throw takenError(port, holder)
    }
    throw new GalleyError(
      'conflict',
      `failed to set up container networking: driver failed programming external connectivity on endpoint: ${failure}`,
      { code: 'port.refused' },
    )
  }
}

/** The ports of a predecessor that satisfy wishes, and the wishes that none does. */
function inherit(held: readonly PublishedPort[], wanted: readonly PublishedPort[]): { kept: PublishedPort[]; open: PublishedPort[] } {
  const kept: PublishedPort[] = []
  const open: PublishedPort[] = []
  let left = held
  for (const wish of wanted) {
    const found = left.filter((port) => satisfies(port, wish))
    // One wish is one number, on one address or on one of each family.
    const same = found.filter(({ hostPort }) => hostPort === found[0]?.hostPort)
    if (same.length === 0) open.push(wish)
    else kept.push(...same.map((port) => ({ ...port, containerPort: wish.containerPort })))
    left = left.filter((port) => !same.includes(port))
  }
  return { kept, open }
}

function satisfies(port: PublishedPort, { hostIp, hostPort, hostPortEnd, containerPort, protocol }: PublishedPort): boolean {
  if (port.protocol !== protocol || !(hostIp === port.hostIp || (hostIp === '' && isEvery(port.hostIp)))) return false
  if (hostPort === 0) return port.containerPort === containerPort
  return hostPortEnd === undefined ? port.hostPort === hostPort : port.hostPort >= hostPort && port.hostPort <= hostPortEnd
}

function lead({ address, ipv6 = address }: Target, ports: readonly PublishedPort[]): PublishedAddress[] {
  return ports.map((port) => ({ address: isIPv6(port.hostIp) ? ipv6 : address, port }))
}

function heldPorts(target: Target, ports: readonly PublishedPort[]): HeldPort[] {
  return lead(
    target,
    ports.filter((port) => !isRouted(port)),
  ).map(({ address, port: { hostIp, hostPort, containerPort, protocol } }) => ({
    protocol,
    address: hostIp,
    port: hostPort,
    to: { address, port: containerPort },
  }))
}
