import { GalleyError } from '#base/error.ts'
import { addressAt, canonical, contains, offsetOf, overlaps, parseRange, parseSubnet, sizeOf, subnetText, type Subnet } from './address.ts'
import type { AddressSpace, AddressWishes, Network } from './model.ts'
import { routedSubnets } from './routed-subnets.ts'

/**
 * A new network's addresses of the pool's family: what is wished, and what is left open chosen. Throws `invalid`, `forbidden`
 * (it overlaps with another network), `unavailable` (the pool is used up).
 */
export function chooseSpace(wishes: AddressWishes, pool: string, networks: readonly Network[]): AddressSpace {
  const subnet = chooseSubnet(wishes.subnet, pool, networks)
  checkAddresses(subnet, wishes)
  const { ipRange, reserved, gateway } = wishes
  return {
    subnet: subnetText(subnet),
    gateway: gateway === undefined ? addressAt(subnet, 1n) : canonical(gateway),
    ...(ipRange !== undefined && { ipRange: subnetText(parseRange(ipRange)) }),
    ...(reserved !== undefined && { reserved }),
    chosen: wishes.subnet !== undefined,
  }
}

function subnetsOf({ subnet, ipv6 }: Network): Subnet[] {
  return [subnet, ipv6?.subnet ?? ''].filter((text) => text !== '').map(parseSubnet)
}

/** The wished subnet, or the first /24 or /64 of the pool that neither a network nor a route of the host uses. */
function chooseSubnet(wished: string | undefined, pool: string, networks: readonly Network[]): Subnet {
  const whole = parseSubnet(pool)
  if (wished !== undefined) {
    const subnet = parseSubnet(wished)
    if (subnet.bits !== whole.bits) throw new GalleyError('invalid', `invalid subnet: ${wished}`, { subject: wished })
    const other = networks.find((one) => subnetsOf(one).some((used) => overlaps(used, subnet)))
    if (other !== undefined)
      throw new GalleyError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space', {
        subject: wished,
        advice: `The network ${other.name} has ${other.subnet}: choose another subnet, or remove that network (docker network rm ${other.name}).`,
      })
    return subnet
  }
  const taken = [...networks.flatMap(subnetsOf), ...routedSubnets()]
  const prefixLength = Math.max(whole.prefixLength, whole.bits === 32 ? 24 : 64)
  const step = sizeOf({ ...whole, prefixLength })
  for (let base = whole.base; base < whole.base + sizeOf(whole); base += step) {
    const subnet = { ...whole, base, prefixLength }
    if (!taken.some((other) => overlaps(other, subnet))) return subnet
  }
  throw new GalleyError('unavailable', 'all predefined address pools have been fully subnetted', {
    subject: pool,
    advice: 'Remove networks that nobody uses, or start the daemon with a larger --pool.',
  })
}

/** Checks gateway, range and reserved addresses against the subnet. Throws `invalid`. */
function checkAddresses(subnet: Subnet, { gateway, ipRange, reserved = {} }: AddressWishes): void {
  for (const address of [gateway, ...Object.values(reserved)]) {
    if (address !== undefined && !contains(subnet, address))
      throw new GalleyError(
        'invalid',
        `invalid network config:\ninvalid gateway or auxiliary address ${address}: parent subnet does not contain it`,
      )
  }
  if (ipRange === undefined) return
  const range = parseRange(ipRange)
  if (range.prefixLength < subnet.prefixLength || !overlaps(subnet, range))
    throw new GalleyError('invalid', `invalid network config:\ninvalid ip-range ${ipRange}: parent subnet does not contain it`)
}

/** Where an address is chosen from: the addresses of one family on a network, and those that are taken. */
export interface Choice {
  readonly network: Pick<Network, 'id' | 'name'>
  readonly space: AddressSpace
  readonly taken: ReadonlySet<string>
}

/**
 * The wished address, or the next free one after `last`: an address rests as long as possible, because others may still
 * remember who had it. Throws `invalid`, `forbidden` (taken), `unavailable` (none is left).
 */
export function chooseAddress(
  choice: Choice,
  { wished, last }: { readonly wished?: string | undefined; readonly last?: string | undefined },
): string {
  const { network, space, taken } = choice
  if (wished !== undefined) return checkWished(choice, wished)
  const subnet = parseSubnet(space.subnet)
  const range = space.ipRange === undefined ? subnet : parseRange(space.ipRange)
  const reserved = reservedOf(subnet, space)
  const start = (last === undefined ? undefined : offsetOf(range, last)) ?? -1n
  for (let step = 1n; step <= sizeOf(range); step++) {
    const address = addressAt(range, (start + step) % sizeOf(range))
    if (!reserved.has(address) && !taken.has(address)) return address
  }
  const family = subnet.bits === 32 ? 'IPv4' : 'IPv6'
  throw new GalleyError('unavailable', `no available ${family} addresses on this network's address pools: ${network.name} (${network.id})`)
}

/** Addresses that no container has: the subnet's first and last, unless it has no others (RFC 3021), the gateway's, and those that were set aside. */
function reservedOf(subnet: Subnet, { gateway, reserved = {} }: AddressSpace): ReadonlySet<string> {
  const edges = sizeOf(subnet) <= 2n ? [] : [0n, sizeOf(subnet) - 1n].map((edge) => addressAt(subnet, edge))
  return new Set([...edges, gateway, ...Object.values(reserved).map(canonical)])
}

function checkWished({ network, space, taken }: Choice, text: string): string {
  if (space.chosen !== true) {
    const rule =
      network.name === 'bridge'
        ? 'user specified IP address is supported on user defined networks only'
        : 'user specified IP address is supported only when connecting to networks with user configured subnets'
    throw new GalleyError('invalid', `invalid endpoint settings:\n${rule}`, { subject: text })
  }
  if (!contains(parseSubnet(space.subnet), text)) throw outsideEverySubnet(text, space.subnet)
  const wished = canonical(text)
  if (taken.has(wished) || reservedOf(parseSubnet(space.subnet), space).has(wished))
    throw new GalleyError('forbidden', 'Address already in use', { subject: wished })
  return wished
}

/** As Docker words it (libnetwork), also for an address of a family that the network doesn't have. */
export function outsideEverySubnet(address: string, subnet?: string): GalleyError {
  return new GalleyError('invalid', `invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${address}`, {
    subject: address,
    ...(subnet !== undefined && { advice: `Its addresses are those of ${subnet}.` }),
  })
}
