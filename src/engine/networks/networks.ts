import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import { Turns } from '#base/turns.ts'
import type { Endpoint, PublishedPort } from '#engine/containers/model.ts'
import { createNetworkNamespace, deleteNetworkNamespace } from '#host/netns/create.ts'
import { bridgeOptions, checkOptions } from './bridge-options.ts'
import { checkConfigOnly, checkUnused, withConfig } from './config-networks.ts'
import { checkBridge, checkDriver, checkFamilies, checkIpamOptions, checkName } from './check.ts'
import { addressesOf, leadsOutside, mainAddress, targetOf, wayOut, waysOut } from './endpoint.ts'
import { Endpoints } from './endpoints.ts'
import { Meter } from './meter.ts'
import { builtIn, type EndpointRequest, type Network, type NetworksOptions, type NetworkWishes, type Resolving } from './model.ts'
import { LeavingNamespaces } from './leaving-namespaces.ts'
import {
  allowForwarding,
  bringUp,
  deleteBridge,
  deleteInterface,
  freeInterface,
  hostInterface,
  plug,
  renewIPv6,
  routeBy,
  turnRound,
} from './plug.ts'
import { hasNames } from './name-news.ts'
import { forgetPassage, passFirewalls } from './pass-firewalls.ts'
import { bridgePrefix, hasOwnName, planConfig, planIPv6, planNetwork, wishesOfSpace } from './plan.ts'
import { PortReservations } from './ports.ts'
import { PublishedPorts, type Target } from './published-ports.ts'
import { Resolvers } from './resolvers.ts'
import { Rules } from './rules.ts'
import { watchRules } from './watch-rules.ts'

/** The networks of the instance, and containers' places on them. */
export class Networks implements Disposable {
  readonly #options: NetworksOptions
  readonly #rules: Rules
  readonly #ports: PublishedPorts
  readonly #byId = new Map<string, Network>()
  readonly #endpoints = new Endpoints()
  readonly #resolvers: Resolvers
  readonly #leaving: LeavingNamespaces
  /** Ids of networks that are being removed: whoever got a place on one now would be left on a bridge that is gone. */
  readonly #going = new Set<string>()
  /** Of creations and removals: names and subnets are checked before the record is written. */
  readonly #turns = new Turns()

  constructor(options: NetworksOptions) {
    this.#options = options
    this.#rules = new Rules(options.instance)
    this.#leaving = new LeavingNamespaces(options.clock)
    this.#ports = new PublishedPorts({
      rules: this.#rules,
      reservations: new PortReservations(options.nameOf),
      keeper: options.keeper,
      change: (apply) => this.#change(apply),
      log: options.log,
    })
    this.#resolvers = new Resolvers({
      keeper: options.keeper,
      namespace: (container) => this.#namespace(container),
      endpointsOf: (container) => this.endpointsOf(container),
      usersOf: (network) => this.usersOf(network),
    })
  }

  /** Reads the records and brings bridges and rules into being where a reboot took them. Published ports stay open meanwhile. */
  async start(): Promise<void> {
    const { entries } = await this.#options.store.list('/networks/')
    for (const { value } of entries) this.#keep(JSON.parse(value) as Network)
    for (const name of builtIn)
      if (this.find(name) === undefined) await this.#record(this.#plan({ name, driver: name === 'none' ? 'null' : name }))
    await this.#settleDefaultBridge()
    allowForwarding()
    for (const network of this.#bridges()) this.#bringBack(network)
    this.#rules.install(this.#bridges())
  }

  /** What running containers hold already, told after a start of the daemon. */
  restore(
    container: string,
    held: { readonly endpoints: readonly Endpoint[]; readonly ports: readonly PublishedPort[] } & Resolving,
  ): void {
    const { endpoints, ports, servers, ndots } = held
    this.#endpoints.set(container, endpoints)
    this.#resolvers.restore(container, { servers, ndots })
    const endpoint = wayOut(endpoints)
    if (endpoint !== undefined && ports.length > 0) this.#ports.restore(container, targetOf(endpoint), ports)
  }

  /** Tells the keeper, which may be a new one, all names and ports; makes the rules say exactly what is known. */
  async resume(): Promise<void> {
    this.repair()
    this.#resolvers.tellAll(this.list())
    await this.#ports.resume()
  }

  /** Makes the rules say exactly what is known: after `restore` of the last container, or when somebody flushed them. */
  repair(): void {
    this.#rules.install(this.#bridges(), this.#ports.open())
  }

  /** Repairs the rules when somebody takes them away, as `nft flush ruleset` and restarts of other firewalls do. */
  watch(): Disposable {
    const { clock, log } = this.#options
    return watchRules(this.#rules, clock, {
      onHarm: () => {
        log.warn('somebody took rules of the networks away; they are put back')
        this.repair()
      },
      onFailure: (error) => log.error('the rules of the networks cannot be put back yet', { error: messageOf(error) }),
    })
  }

  /** Makes a way through other firewalls of the host that drop what they don't know, and says where it can't. */
  async passOthers(): Promise<void> {
    const { instance, log } = this.#options
    const named = this.list().flatMap(({ options }) => bridgeOptions(options).name ?? [])
    try {
      for (const { chain } of await passFirewalls(instance, [`${bridgePrefix(instance)}+`, ...named]))
        log.warn('another firewall drops what containers send and receive; galley doctor says how to mend it', { chain })
    } catch (error) {
      log.warn('other firewalls cannot be read', { error: messageOf(error) })
    }
  }

  /** Lets what containers have left go at once. */
  [Symbol.dispose](): void {
    this.#leaving[Symbol.dispose]()
  }

  list(): Network[] {
    return [...this.#byId.values()]
  }

  find(reference: string): Network | undefined {
    const exact = this.#byId.get(reference) ?? this.list().find(({ name }) => name === reference)
    if (exact !== undefined || reference === '') return exact
    const matches = this.list().filter(({ id }) => id.startsWith(reference))
    if (matches.length > 1)
      throw new GalleyError('invalid', `network ${reference} is ambiguous (${matches.length} matches found based on ID prefix)`, {
        subject: reference,
      })
    return matches[0]
  }

  /** By id, name, or unique prefix of an id. Throws `not found`, `invalid` for an ambiguous prefix. */
  get(reference: string): Network {
    const network = this.find(reference)
    if (network === undefined) throw notFound(reference)
    return network
  }

  /** Throws `already exists`, `invalid`, `forbidden` (subnet or bridge in use, pre-defined), `not found` or `not implemented` (driver). */
  create(wishes: NetworkWishes): Promise<Network> {
    return this.#turns.run(async () => {
      checkName(wishes.name)
      if (wishes.configOnly === true) checkConfigOnly(wishes)
      else checkDriver(wishes.driver ?? 'bridge')
      if (this.list().some(({ name }) => name === wishes.name))
        throw new GalleyError('already exists', `network with name ${wishes.name} already exists`, { subject: wishes.name })
      if (wishes.configOnly === true) return await this.#record(planConfig(wishes, this.#options.clock.now()))
      const asked = withConfig(wishes, this.list())
      checkOptions(asked.options ?? {}, asked.internal === true)
      checkIpamOptions(asked.ipamOptions ?? {})
      checkFamilies(asked)
      const network = this.#plan(asked)
      if (hasOwnName(network)) await checkBridge(network, this.list())
      await this.#record(network)
      await this.#bringUpOrForget(network)
      if (hasOwnName(network)) await this.passOthers()
      this.#tell('create', network)
      return network
    })
  }

  /** The bridge goes before the record, so that a crash leaves a network that can be removed again. Throws `forbidden` while containers are on it. */
  remove(reference: string): Promise<Network> {
    return this.#turns.run(async () => {
      const network = this.get(reference)
      if (builtIn.includes(network.name))
        throw new GalleyError('forbidden', `${network.name} is a pre-defined network and cannot be removed`, { subject: network.name })
      checkUnused(network, this.list())
      const users = this.usersOf(network)
      if (users.length > 0) {
        const text = users
          .map(({ container, endpoint }) => `container:"${container.slice(0, 12)}" id:"${endpoint.endpointId.slice(0, 12)}"`)
          .join(', ')
        throw new GalleyError('forbidden', `error while removing network: network ${network.name} has active endpoints (${text})`, {
          subject: network.name,
        })
      }
      this.#going.add(network.id)
      try {
        await this.#takeAway(network)
      } finally {
        this.#going.delete(network.id)
      }
      this.#tell('destroy', network)
      return network
    })
  }

  async #takeAway(network: Network): Promise<void> {
    this.#leaving[Symbol.dispose]()
    await deleteBridge(network, this.#options.instance)
    if (hasOwnName(network)) await forgetPassage(this.#options.instance, network.bridge)
    await this.#forget(network)
    this.repair()
  }

  /** Removes the networks that no container is on, or is configured for, and that `wanted` selects. */
  async prune(wanted: (network: Network) => boolean = () => true, inUse: (network: Network) => boolean = () => false): Promise<Network[]> {
    const isIdle = (network: Network): boolean =>
      !builtIn.includes(network.name) &&
      network.config === undefined &&
      this.usersOf(network).length === 0 &&
      !inUse(network) &&
      wanted(network)
    const removed: Network[] = []
    for (const network of this.list()) {
      // Only now: a container may have been made for it while the others went.
      if (!isIdle(network)) continue
      try {
        removed.push(await this.remove(network.id))
      } catch (error) {
        // Somebody is on it since, or has removed it: the others go all the same.
        if (!['forbidden', 'not found'].includes(kindOf(error))) throw error
      }
    }
    return removed
  }

  /** Containers on the network with their endpoints. */
  usersOf(network: Network): { readonly container: string; readonly endpoint: Endpoint }[] {
    return this.#endpoints.on(network)
  }

  /** A container's endpoints, in the order in which they were made. */
  endpointsOf(container: string): readonly Endpoint[] {
    return this.#endpoints.of(container)
  }

  /** Makes a container's network namespace; resolves with its path. */
  async createSandbox(container: string, resolving: Resolving = { servers: [], ndots: false }): Promise<string> {
    const path = this.#namespace(container)
    this.#resolvers.begin(container, resolving)
    this.#leaving.forget(path)
    deleteNetworkNamespace(path)
    createNetworkNamespace(path)
    return path
  }

  /** Lets the namespace, its addresses and its published ports go; the namespace itself a second later, or when one of its addresses is given out. */
  async destroySandbox(container: string): Promise<void> {
    try {
      await this.unpublish(container)
    } finally {
      this.#leaveSandbox(container)
    }
  }

  #leaveSandbox(container: string): void {
    const endpoints = this.endpointsOf(container)
    const left = endpoints.flatMap(({ networkId }) => this.find(networkId) ?? [])
    this.#endpoints.delete(container)
    for (const network of left) this.#tell('disconnect', network, container)
    this.#resolvers.end(container, left)
    this.#leaving.add(this.#namespace(container), endpoints.flatMap(addressesOf))
  }

  /** Puts a container's namespace on a network. Throws `not found`, `invalid`, `forbidden` (it is on it, or the address is taken). */
  async connect(container: string, reference: string, wishes: EndpointRequest): Promise<Endpoint> {
    const network = this.get(reference)
    if (this.#going.has(network.id)) throw notFound(reference)
    if (network.driver !== 'bridge') throw new GalleyError('forbidden', `container cannot be connected to network ${network.name}`)
    const mine = this.endpointsOf(container)
    if (mine.some(({ networkId }) => networkId === network.id))
      throw new GalleyError(
        'forbidden',
        `endpoint with name ${this.#options.nameOf?.(container) ?? container.slice(0, 12)} already exists in network ${network.name}`,
      )
    const endpoint = this.#endpoints.make(network, wishes)
    this.#leaving.release(addressesOf(endpoint))
    const namespace = this.#namespace(container)
    const gateways = waysOut([...mine, endpoint]).filter((gateway) => !waysOut(mine).includes(gateway))
    const { interfacePrefix } = bridgeOptions(network.options)
    const interfaceName = wishes.interfaceName ?? (mine.length === 0 ? `${interfacePrefix}0` : freeInterface(namespace, interfacePrefix))
    try {
      plug(namespace, network, { ...wishes, endpoint, interfaceName, gateways })
      this.#endpoints.set(container, [...mine, endpoint])
      if (hasNames(network)) this.#resolvers.lead(container)
      this.#resolvers.announce(network, container)
    } catch (error) {
      // A container that goes on running must not keep half a place on the network.
      this.#endpoints.set(container, mine)
      await deleteInterface(hostInterface(endpoint.endpointId))
      throw error
    }
    this.#tell('connect', network, container)
    return endpoint
  }

  /** Takes a container off a network; another one of its networks leads outside then. Throws `not found`, `forbidden` when it isn't on it. */
  async disconnect(container: string, reference: string): Promise<void> {
    const network = this.get(reference)
    const mine = this.endpointsOf(container)
    const endpoint = mine.find(({ networkId }) => networkId === network.id)
    if (endpoint === undefined) throw new GalleyError('forbidden', `container ${container} is not connected to network ${network.name}`)
    const others = mine.filter((other) => other !== endpoint)
    if (this.#ports.addressOf(container) === mainAddress(endpoint)) await this.unpublish(container)
    await deleteInterface(hostInterface(endpoint.endpointId))
    this.#endpoints.set(container, others)
    for (const gateway of waysOut(others)) routeBy(this.#namespace(container), gateway)
    this.#resolvers.announce(network, container)
    this.#tell('disconnect', network, container)
  }

  /** Publishes ports of a container's address; those with port 0 get a free one. Throws `conflict` with the holder's name. */
  async publish(container: string, address: string, wanted: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
    // As in Docker, an internal network's ports stay inside.
    const endpoint = this.endpointsOf(container).find((each) => mainAddress(each) === address)
    if (endpoint !== undefined && !leadsOutside(endpoint)) return []
    if (endpoint !== undefined) turnRound(endpoint)
    return this.#ports.publish(container, endpoint === undefined ? { address } : this.#target(endpoint), this.#bound(wanted, endpoint))
  }

  /**
   * `next` takes over what `old` publishes, without a moment in which nobody has it, and publishes what else is `wanted` of its
   * `address`. Throws `conflict` with the holder's name; then nothing has changed.
   */
  async handOver(
    old: string,
    next: string,
    { address, wanted }: { readonly address: string; readonly wanted: readonly PublishedPort[] },
  ): Promise<readonly PublishedPort[]> {
    const endpoint = this.endpointsOf(next).find((each) => mainAddress(each) === address)
    if (endpoint !== undefined) turnRound(endpoint)
    const target = endpoint === undefined ? { address } : this.#target(endpoint)
    return await this.#ports.handOver(old, next, { target, wanted: this.#bound(wanted, endpoint) })
  }

  /** Counts connections to ports of a container's namespace. Throws where that can't be. */
  meter(container: string, ports: readonly number[]): Meter {
    return new Meter(this.#namespace(container), ports)
  }

  /** Where ports lead that are published through an endpoint, as its network's options have it. */
  #target(endpoint: Endpoint): Target {
    const { gatewayMode } = bridgeOptions(this.find(endpoint.networkId)?.options ?? {})
    const has = { ipv4: endpoint.ipAddress !== '', ipv6: endpoint.ipv6 !== undefined }
    return {
      ...targetOf(endpoint),
      routed: (['ipv4', 'ipv6'] as const).filter((family) => has[family] && gatewayMode[family] === 'routed'),
    }
  }

  #bound(wanted: readonly PublishedPort[], endpoint: Endpoint | undefined): PublishedPort[] {
    const hostIp = this.#bindingOf(endpoint)
    return wanted.map((port) => (port.hostIp === '' ? { ...port, hostIp } : port))
  }

  /** Address of the host for ports that ask for none: what the network's options say, or every one. */
  #bindingOf(endpoint: Endpoint | undefined): string {
    const network = endpoint === undefined ? undefined : this.find(endpoint.networkId)
    return network === undefined ? '' : bridgeOptions(network.options).hostBinding
  }

  unpublish(container: string): Promise<void> {
    return this.#ports.unpublish(container)
  }

  /** A container has other names now; resolves with its endpoints as they are then. */
  rename(container: string, namesOn: (network: string) => readonly string[]): readonly Endpoint[] {
    const endpoints = this.endpointsOf(container).map((endpoint) => ({ ...endpoint, names: namesOn(endpoint.networkName) }))
    if (endpoints.length === 0) return endpoints
    this.#endpoints.set(container, endpoints)
    for (const { networkId } of endpoints) this.#resolvers.announce(this.get(networkId), container)
    return endpoints
  }

  #tell(action: 'create' | 'destroy' | 'connect' | 'disconnect', { id, name, driver }: Network, container?: string): void {
    this.#options.onEvent?.(action, id, { ...(container !== undefined && { container }), name, type: driver })
  }

  /** Adds or deletes elements; where the table isn't what it should be, all of it is put in place anew. */
  #change(apply: () => void): void {
    try {
      apply()
    } catch {
      this.repair()
    }
  }

  #plan(wishes: NetworkWishes): Network {
    const { pool, instance, clock } = this.#options
    return planNetwork(wishes, { pool, instance, networks: this.list(), now: clock.now() })
  }

  async #record(network: Network): Promise<Network> {
    await this.#options.store.txn({ then: [{ put: `/networks/${network.id}`, value: JSON.stringify(network) }] })
    this.#keep(network)
    return network
  }

  async #forget({ id }: Network): Promise<void> {
    await this.#options.store.txn({ then: [{ delete: `/networks/${id}` }] })
    this.#byId.delete(id)
  }

  /** A network that the host can't make is none. */
  async #bringUpOrForget(network: Network): Promise<void> {
    try {
      bringUp(network, this.#options.instance)
      this.#change(() => this.#rules.addBridge(network))
    } catch (error) {
      await deleteBridge(network, this.#options.instance)
      await this.#forget(network)
      throw error
    }
  }

  /** The default bridge has IPv6 as this start of the daemon was asked for it, whatever an earlier one was. */
  async #settleDefaultBridge(): Promise<void> {
    const { instance, bridgeIPv6: wishes } = this.#options
    const { ipv6: before, ...bridge } = this.get('bridge')
    if (wishes === undefined ? before === undefined : before !== undefined && wishes.subnet === wishesOfSpace(before).subnet) return
    if (wishes !== undefined) checkFamilies({ name: bridge.name, ipv6: wishes })
    const others = this.list().filter(({ id }) => id !== bridge.id)
    const network = wishes === undefined ? bridge : { ...bridge, ipv6: planIPv6(wishes, { instance, networks: others }) }
    await this.#record(network)
    renewIPv6(network)
  }

  /** A network that the host can't make any more, as without IPv6, must not keep the daemon from starting. */
  #bringBack(network: Network): void {
    try {
      bringUp(network, this.#options.instance)
    } catch (error) {
      this.#options.log.warn('a network cannot be brought up', { network: network.name, error: messageOf(error) })
    }
  }

  #namespace(container: string): string {
    return `${this.#options.runDirectory}/netns/${container}`
  }

  #keep(network: Network): void {
    this.#byId.set(network.id, network)
  }

  #bridges(): Network[] {
    return this.list().filter(({ driver }) => driver === 'bridge')
  }
}

function notFound(reference: string): GalleyError {
  return new GalleyError('not found', `network ${reference} not found`, { code: 'network.not-found', subject: reference })
}
