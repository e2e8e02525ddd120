import { GalleyError } from '#base/error.ts'
import { readFileSync } from 'node:fs'
import { contains, overlaps, parseSubnet, sizeOf, toNumber, toText, type Subnet } from './address.ts'
import type { Network, NetworkWishes } from './model.ts'

/** The wished subnet, or the first /24 of the pool that neither a network nor a route of the host uses. */
export function chooseSubnet(wished: string | undefined, pool: string, networks: readonly Network[]): Subnet {
  const used = networks.filter(({ subnet }) => subnet !== '').map(({ subnet }) => parseSubnet(subnet))
  if (wished !== undefined) {
    const subnet = parseSubnet(wished)
    if (used.some((other) => overlaps(other, subnet)))
      throw new GalleyError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space', { subject: wished })
    return subnet
  }
  const whole = parseSubnet(pool)
  const taken = [...used, ...routedSubnets()]
  const step = Math.min(256, sizeOf(whole))
  for (let base = whole.base; base < whole.base + sizeOf(whole); base += step) {
    const subnet = { base, prefixLength: 32 - Math.log2(step) }
    if (!taken.some((other) => overlaps(other, subnet))) return subnet
  }
  throw new GalleyError('unavailable', 'all predefined address pools have been fully subnetted', {
    subject: pool,
    advice: 'Remove networks that nobody uses, or start the daemon with a larger --pool.',
  })
}

/** Checks gateway, range and reserved addresses against the subnet. Throws `invalid`. */
export function checkAddresses(subnet: Subnet, { gateway, ipRange, reserved = {} }: NetworkWishes): void {
  for (const address of [gateway, ...Object.values(reserved)]) {
    if (address !== undefined && !contains(subnet, toNumber(address)))
      throw new GalleyError(
        'invalid',
        `invalid network config:\ninvalid gateway or auxiliary address ${address}: parent subnet does not contain it`,
      )
  }
  if (ipRange === undefined) return
  const range = parseSubnet(ipRange)
  if (range.prefixLength < subnet.prefixLength || !overlaps(subnet, range))
    throw new GalleyError('invalid', `invalid network config:\ninvalid ip-range ${ipRange}: parent subnet does not contain it`)
}

/**
 * The wished address, or the next free one after `last`: an address rests as long as possible, because others may still
 * remember who had it. Throws `invalid`, `forbidden` (taken), `unavailable` (none is left).
 */
export function chooseAddress(
  network: Network,
  taken: ReadonlySet<string>,
  { wished, last }: { readonly wished?: string | undefined; readonly last?: string | undefined },
): string {
  const subnet = parseSubnet(network.subnet)
  if (wished !== undefined) return checkWished(network, taken, wished)
  const range = network.ipRange === undefined ? subnet : parseSubnet(network.ipRange)
  const edges = new Set([subnet.base, subnet.base + sizeOf(subnet) - 1])
  const reserved = new Set([network.gateway, ...Object.values(network.reserved ?? {})])
  const start = last === undefined || !contains(range, toNumber(last)) ? 0 : toNumber(last) - range.base + 1
  for (let offset = 0; offset < sizeOf(range); offset++) {
    const address = range.base + ((start + offset) % sizeOf(range))
    const text = toText(address)
    if (!edges.has(address) && !reserved.has(text) && !taken.has(text)) return text
  }
  throw new GalleyError('unavailable', `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`)
}

function checkWished(network: Network, taken: ReadonlySet<string>, wished: string): string {
  if (network.chosen !== true) {
    const rule =
      network.name === 'bridge'
        ? 'user specified IP address is supported on user defined networks only'
        : 'user specified IP address is supported only when connecting to networks with user configured subnets'
    throw new GalleyError('invalid', `invalid endpoint settings:\n${rule}`, { subject: wished })
  }
  if (!contains(parseSubnet(network.subnet), toNumber(wished)))
    throw new GalleyError('invalid', `invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${wished}`, {
      subject: wished,
    })
  if (taken.has(wished) || wished === network.gateway) throw new GalleyError('forbidden', 'Address already in use', { subject: wished })
  return wished
}

/** Subnets that the host has routes to; the default route is none. Rows are little-endian hexadecimal words. */
function routedSubnets(): Subnet[] {
  const rows = readFileSync('/proc/thread-self/net/route', 'utf8').trim().split('\n').slice(1)
  return rows.flatMap((row) => {
    const [, destination = '', , , , , , mask = ''] = row.split('\t')
    const prefixLength = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length
    return prefixLength === 0 ? [] : [{ base: Buffer.from(destination, 'hex').readUInt32LE(), prefixLength }]
  })
}
