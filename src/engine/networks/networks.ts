import { closeSync, openSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { newId } from '#base/id.ts'
import type { Log } from '#base/log.ts'
import type { Endpoint, PublishedPort } from '#engine/containers/model.ts'
import { CLONE, insideNamespace, setns } from '#host/kernel/namespace.ts'
import { addAddress, addDefaultRoute, createBridge, createVeth, deleteLink, indexHere, linkIndex, setUp } from '#host/link/link.ts'
import { RouteSocket } from '#host/link/netlink.ts'
import { createNetworkNamespace, deleteNetworkNamespace } from '#host/netns/create.ts'
import type { Store } from '#store/store.ts'
import { contains, overlaps, parseSubnet, sizeOf, subnetText, toNumber, toText, type Subnet } from './address.ts'
import { PortReservations } from './ports.ts'
import { Rules } from './rules.ts'

/** All that is kept of a network, under `/networks/<id>`. */
export interface Network {
  readonly id: string
  readonly name: string
  readonly driver: 'bridge' | 'host' | 'null'
  readonly created: number
  readonly subnet: string
  readonly gateway: string
  readonly internal: boolean
  readonly bridge: string
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
}

export interface NetworkWishes {
  readonly name: string
  readonly driver?: string
  readonly subnet?: string
  readonly gateway?: string
  readonly internal?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, string>>
}

interface Options {
  readonly store: Store
  readonly runDirectory: string
  readonly instance: string
  readonly pool: string
  readonly clock: Clock
  readonly log: Log
}

const builtIn = ['bridge', 'host', 'none']

/** The networks of the instance, and containers' places on them. */
export class Networks {
  readonly #options: Options
  readonly #rules: Rules
  readonly #reservations = new PortReservations()
  readonly #byId = new Map<string, Network>()
  readonly #endpoints = new Map<string, Endpoint[]>()
  readonly #published = new Map<string, { address: string; ports: readonly PublishedPort[] }>()

  constructor(options: Options) {
    this.#options = options
    this.#rules = new Rules(options.instance)
  }

  /** Reads the records and brings bridges and rules into being where a reboot took them. */
  async start(): Promise<void> {
    const { entries } = await this.#options.store.list('/networks/')
    for (const { value } of entries) this.#keep(JSON.parse(value) as Network)
    for (const name of builtIn) if (this.find(name) === undefined) await this.#create({ name, driver: name === 'none' ? 'null' : name })
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    for (const network of this.list()) if (network.driver === 'bridge') bringUp(network)
    this.#install()
  }

  /** What running containers hold already, told after a start of the daemon. */
  restore(container: string, endpoints: readonly Endpoint[], ports: readonly PublishedPort[]): void {
    this.#endpoints.set(container, [...endpoints])
    const address = endpoints[0]?.ipAddress
    if (address === undefined || ports.length === 0) return
    this.#published.set(container, { address, ports })
    this.#reservations.reserve(container, ports)
    this.#rules.publish(address, ports)
  }

  list(): Network[] {
    return [...this.#byId.values()]
  }

  find(reference: string): Network | undefined {
    const exact = this.#byId.get(reference) ?? this.list().find(({ name }) => name === reference)
    if (exact !== undefined || reference === '') return exact
    const matches = this.list().filter(({ id }) => id.startsWith(reference))
    return matches.length === 1 ? matches[0] : undefined
  }

  /** By id, name, or unique prefix of an id. Throws `not found`. */
  get(reference: string): Network {
    const network = this.find(reference)
    if (network === undefined) throw new GalleyError('not found', `network ${reference} not found`, { code: 'network.not-found', subject: reference })
    return network
  }

  /** Throws `already exists`, `invalid`, `not implemented` (driver). */
  async create(wishes: NetworkWishes): Promise<Network> {
    const { name, driver = 'bridge' } = wishes
    if (this.list().some((other) => other.name === name)) throw new GalleyError('already exists', `network with name ${name} already exists`, { subject: name })
    if (driver !== 'bridge') throw new GalleyError('not implemented', `network driver "${driver}" is not implemented by Galley`, { subject: driver })
    const network = await this.#create(wishes)
    bringUp(network)
    this.#rules.addBridge(network)
    return network
  }

  /** Throws `forbidden` while containers are on it. */
  async remove(reference: string): Promise<Network> {
    const network = this.get(reference)
    if (builtIn.includes(network.name)) throw new GalleyError('forbidden', `${network.name} is a pre-defined network and cannot be removed`)
    if (this.usersOf(network).length > 0) throw new GalleyError('forbidden', `error while removing network: network ${network.name} id ${network.id} has active endpoints`)
    await this.#options.store.txn({ then: [{ delete: `/networks/${network.id}` }] })
    this.#byId.delete(network.id)
    using socket = new RouteSocket()
    if (linkIndex(network.bridge) !== undefined) deleteLink(socket, network.bridge)
    this.#install()
    return network
  }

  /** Containers on the network with their endpoints. */
  usersOf(network: Network): { readonly container: string; readonly endpoint: Endpoint }[] {
    return [...this.#endpoints].flatMap(([container, endpoints]) => endpoints.filter(({ networkId }) => networkId === network.id).map((endpoint) => ({ container, endpoint })))
  }

  /** Makes a container's network namespace; resolves with its path. */
  async createSandbox(container: string): Promise<string> {
    const path = this.#namespace(container)
    deleteNetworkNamespace(path)
    createNetworkNamespace(path)
    return path
  }

  /** Lets the namespace, its addresses and its published ports go. */
  async destroySandbox(container: string): Promise<void> {
    await this.unpublish(container)
    this.#endpoints.delete(container)
    deleteNetworkNamespace(this.#namespace(container))
  }

  /** Puts a container's namespace on a network. Throws `not found`, `invalid`, `conflict` (address). */
  async connect(container: string, reference: string, wishes: { readonly ipv4?: string; readonly aliases?: readonly string[]; readonly macAddress?: string }): Promise<Endpoint> {
    const network = this.get(reference)
    if (network.driver !== 'bridge') throw new GalleyError('invalid', `container cannot be connected to network ${network.name}`)
    const mine = this.#endpoints.get(container) ?? []
    const subnet = parseSubnet(network.subnet)
    const ipAddress = this.#freeAddress(network, subnet, wishes.ipv4)
    const macAddress = wishes.macAddress ?? `02:42:${[24, 16, 8, 0].map((shift) => (Math.floor(toNumber(ipAddress) / 2 ** shift) % 256).toString(16).padStart(2, '0')).join(':')}`
    const endpoint: Endpoint = { networkId: network.id, networkName: network.name, endpointId: newId(), ipAddress, prefixLength: subnet.prefixLength, gateway: network.gateway, macAddress }
    this.#endpoints.set(container, [...mine, endpoint])
    plug(this.#namespace(container), network, { endpoint, interfaceName: `eth${mine.length}`, defaultRoute: mine.length === 0 && !network.internal })
    return endpoint
  }

  /** Publishes ports of a container's address; those with port 0 get a free one. Throws `conflict` with the holder's name. */
  async publish(container: string, address: string, wanted: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    const ports = this.#reservations.reserve(container, wanted)
    try {
      this.#rules.publish(address, ports)
    } catch (error) {
      this.#reservations.release(container)
      throw error
    }
    this.#published.set(container, { address, ports })
    return ports
  }

  async unpublish(container: string): Promise<void> {
    const published = this.#published.get(container)
    if (published === undefined) return
    this.#published.delete(container)
    this.#reservations.release(container)
    try {
      this.#rules.unpublish(published.address, published.ports)
    } catch {
      // Somebody flushed the rules: put back what should be there.
      this.#install()
    }
  }

  async #create(wishes: NetworkWishes): Promise<Network> {
    const id = newId()
    const { name, driver = 'bridge', internal = false, labels = {}, options = {} } = wishes
    const subnet = driver === 'bridge' ? this.#chooseSubnet(wishes.subnet) : undefined
    const network: Network = {
      id, name, driver: driver as Network['driver'], created: this.#options.clock.now(), internal, labels, options,
      subnet: subnet === undefined ? '' : subnetText(subnet),
      gateway: subnet === undefined ? '' : (wishes.gateway ?? toText(subnet.base + 1)),
      bridge: driver === 'bridge' ? `gy${this.#options.instance.slice(0, 4)}${id.slice(0, 8)}` : '',
    }
    await this.#options.store.txn({ then: [{ put: `/networks/${id}`, value: JSON.stringify(network) }] })
    this.#keep(network)
    return network
  }

  #chooseSubnet(wished: string | undefined): Subnet {
    const used = this.list().filter(({ subnet }) => subnet !== '').map(({ subnet }) => parseSubnet(subnet))
    if (wished !== undefined) {
      const subnet = parseSubnet(wished)
      if (used.some((other) => overlaps(other, subnet))) throw new GalleyError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space')
      return subnet
    }
    const pool = parseSubnet(this.#options.pool)
    for (let base = pool.base; base < pool.base + sizeOf(pool); base += 256) {
      const subnet = { base, prefixLength: 24 }
      if (!used.some((other) => overlaps(other, subnet))) return subnet
    }
    throw new GalleyError('unavailable', `all of the pool ${this.#options.pool} is in use`, { advice: 'Remove networks, or start the daemon with a larger --pool.' })
  }

  #freeAddress(network: Network, subnet: Subnet, wished: string | undefined): string {
    const used = new Set([network.gateway, ...this.usersOf(network).map(({ endpoint }) => endpoint.ipAddress)])
    if (wished !== undefined) {
      if (!contains(subnet, toNumber(wished))) throw new GalleyError('invalid', `invalid endpoint settings: no configured subnet contains IP address ${wished}`)
      if (used.has(wished)) throw new GalleyError('forbidden', 'Address already in use')
      return wished
    }
    for (let address = subnet.base + 2; address < subnet.base + sizeOf(subnet) - 1; address++) if (!used.has(toText(address))) return toText(address)
    throw new GalleyError('unavailable', `network ${network.name} has no free address left`)
  }

  #namespace(container: string): string {
    return `${this.#options.runDirectory}/netns/${container}`
  }

  #keep(network: Network): void {
    this.#byId.set(network.id, network)
  }

  #install(): void {
    const ports = [...this.#published.values()].flatMap(({ address, ports: own }) => own.map((port) => ({ address, port })))
    this.#rules.install(this.list().filter(({ driver }) => driver === 'bridge'), ports)
  }
}

/** A network's bridge with its gateway address; does nothing when it is there. */
function bringUp({ bridge, gateway, subnet }: Network): void {
  if (linkIndex(bridge) !== undefined) return
  using socket = new RouteSocket()
  createBridge(socket, bridge)
  addAddress(socket, linkIndex(bridge) ?? 0, { address: gateway, prefixLength: parseSubnet(subnet).prefixLength })
  // Ports published on 127.0.0.1 arrive over the bridge; the `guard` chain keeps others from using this.
  writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1')
}

/** A pair of interfaces between a network's bridge and a container's namespace. */
function plug(namespace: string, network: Network, how: { readonly endpoint: Endpoint; readonly interfaceName: string; readonly defaultRoute: boolean }): void {
  const { endpoint, interfaceName, defaultRoute } = how
  const fd = openSync(namespace, 'r')
  try {
    using outside = new RouteSocket()
    const name = `gv${randomBytes(6).toString('hex')}`
    createVeth(outside, { name, bridge: linkIndex(network.bridge) ?? 0, peer: { name: interfaceName, mac: endpoint.macAddress, namespace: fd } })
    insideNamespace(CLONE.NEWNET, () => setns(fd, CLONE.NEWNET), () => {
      using inside = new RouteSocket()
      setUp(inside, interfaceName)
      addAddress(inside, indexHere(interfaceName), { address: endpoint.ipAddress, prefixLength: endpoint.prefixLength })
      if (defaultRoute) addDefaultRoute(inside, endpoint.gateway)
    })
  } finally {
    closeSync(fd)
  }
}
