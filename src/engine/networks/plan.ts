import { newId } from '#base/id.ts'
import { bridgeOptions } from './bridge-options.ts'
import { chooseSpace } from './choose.ts'
import type { AddressSpace, AddressWishes, Network, NetworkWishes } from './model.ts'
import { uniqueLocalPool } from './unique-local.ts'

/** What the plan of a network depends on beside its wishes. */
export interface Surroundings {
  /** Subnet of IPv4 that networks are cut from. */
  readonly pool: string
  readonly instance: string
  /** Those that there are. */
  readonly networks: readonly Network[]
  readonly now: number
}

/** A new network, with what its wishes leave open chosen. Throws `invalid`, `forbidden` (subnet in use), `unavailable` (none is left). */
export function planNetwork(wishes: NetworkWishes, { pool, instance, networks, now }: Surroundings): Network {
  const id = newId()
  const { name, driver = 'bridge', internal = false, labels = {}, options = {}, attachable = false, ipv4 = true, ipv6, configFrom } = wishes
  const { gatewayMode, inhibitIPv4 } = bridgeOptions(options)
  // Inside, nobody would use the address that the bridge does not have.
  const isUnused = internal && inhibitIPv4 && wishes.gateway === undefined
  const space = driver === 'bridge' && ipv4 ? chooseSpace(wishes, pool, networks) : { subnet: '', gateway: '' }
  return {
    id,
    name,
    driver: driver as Network['driver'],
    created: now,
    internal,
    attachable,
    labels,
    options,
    ...(wishes.ipamOptions !== undefined && { ipamOptions: wishes.ipamOptions }),
    ...(configFrom !== undefined && { configFrom }),
    ...space,
    ...((gatewayMode.ipv4 === 'isolated' || isUnused) && { gateway: '' }),
    ...(ipv6 !== undefined && {
      ipv6: { ...planIPv6(ipv6, { instance, networks }), ...(gatewayMode.ipv6 === 'isolated' && { gateway: '' }) },
    }),
    bridge: driver === 'bridge' ? (bridgeOptions(options).name ?? bridgeName(instance, id)) : '',
  }
}

/** What is kept of a network that holds a configuration for others. */
export function planConfig(wishes: NetworkWishes, now: number): Network {
  const { name, labels = {}, options = {} } = wishes
  const kept = { id: newId(), name, driver: 'null', created: now, internal: false, labels, options } as const
  return { ...kept, subnet: '', gateway: '', bridge: '', config: wishes }
}

/** A network's addresses of IPv6. Throws as `planNetwork`. */
export function planIPv6(wishes: AddressWishes, { instance, networks }: Pick<Surroundings, 'instance' | 'networks'>): AddressSpace {
  return chooseSpace(wishes, uniqueLocalPool(instance), networks)
}

/** What a network like this one is asked for with; what was chosen for it is left open again. */
export function wishesOf({ name, driver, internal, attachable, labels, options, ipamOptions, ipv6, ...own }: Network): NetworkWishes {
  return {
    name,
    driver,
    internal,
    labels,
    options,
    ...(attachable !== undefined && { attachable }),
    ...(own.subnet === '' && { ipv4: false }),
    ...(ipamOptions !== undefined && { ipamOptions }),
    ...wishesOfSpace(own),
    ...(ipv6 !== undefined && { ipv6: wishesOfSpace(ipv6) }),
  }
}

/** As `wishesOf`, of the addresses of one family. */
export function wishesOfSpace({ subnet, gateway, ipRange, reserved, chosen = false }: AddressSpace): AddressWishes {
  if (!chosen) return {}
  return {
    subnet,
    ...(gateway !== '' && { gateway }),
    ...(ipRange !== undefined && { ipRange }),
    ...(reserved !== undefined && { reserved }),
  }
}

/** Whether a person named the network's bridge: what goes for the instance's other bridges by their common beginning has to be said of it. */
export function hasOwnName({ options }: Network): boolean {
  return bridgeOptions(options).name !== undefined
}

/** The most characters that the name of an interface has (IFNAMSIZ, without the end). */
const longest = 15

function bridgeName(instance: string, id: string): string {
  const prefix = bridgePrefix(instance)
  return `${prefix}${id.slice(0, longest - prefix.length)}`
}

/** What the names of an instance's bridges begin with, and hardly ever another's: an instance's name has 7 characters at most. */
export function bridgePrefix(instance: string): string {
  return `gy${instance}`
}
