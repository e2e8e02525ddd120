import { isIP, isIPv6 } from 'node:net'
import { GalleyError } from '#base/error.ts'
import { addressBytes } from '#base/ip-address.ts'
import { parseSubnet, subnetText } from '#engine/networks/address.ts'
import type { AddressWishes, NetworkWishes } from '#engine/networks/model.ts'
import { textOf, textsOf } from './typed-body.ts'

/**
 * The addresses that a new network's `IPAM` (Engine API 1.51) wishes, by family; those beside `ipv6` are IPv4's. Throws `invalid`,
 * `not implemented` for other drivers, `forbidden` for several subnets of one family.
 */
export function addressWishes(value: unknown, enableIPv6: boolean): Pick<NetworkWishes, keyof AddressWishes | 'ipv6' | 'ipamOptions'> {
  const ipam = (value ?? {}) as { Driver?: string | null; Options?: unknown; Config?: readonly Record<string, unknown>[] | null }
  const driver = ipam.Driver ?? ''
  if (!['', 'default'].includes(driver)) throw new GalleyError('not implemented', `IPAM driver "${driver}" is not implemented by Galley`)
  const ipamOptions = textsOf(ipam.Options)
  const kept = Object.keys(ipamOptions).length > 0 && { ipamOptions }
  const wishes = (ipam.Config ?? []).map(wishesOf)
  const [ipv6 = {}, ...more] = wishes.filter(isOfIPv6)
  const [ipv4 = {}, ...others] = wishes.filter((wish) => !isOfIPv6(wish))
  if (more.length + others.length > 0)
    // Only swarm's overlay networks have several of one family (moby, libnetwork/drivers/bridge).
    throw new GalleyError('forbidden', "bridge driver doesn't support multiple subnets", { subject: 'IPAM.Config' })
  if (enableIPv6) return { ...kept, ...ipv4, ipv6 }
  if (ipv6.subnet !== undefined)
    throw new GalleyError('invalid', `invalid network config:\ninvalid subnet ${ipv6.subnet}: the network has no IPv6`, {
      subject: ipv6.subnet,
      advice: 'Create the network with --ipv6.',
    })
  return { ...kept, ...ipv4 }
}

function wishesOf(config: Record<string, unknown>): AddressWishes {
  const [subnet, gateway, ipRange] = ['Subnet', 'Gateway', 'IPRange'].map((field) => textOf(config[field]))
  const reserved = textsOf(config['AuxiliaryAddresses'])
  if (subnet || gateway || ipRange) checkSubnet(subnet ?? '')
  return {
    ...(subnet && { subnet }),
    ...(gateway && { gateway }),
    ...(ipRange && { ipRange }),
    ...(Object.keys(reserved).length > 0 && { reserved }),
  }
}

/** As moby words it, daemon/network.go: validateIpamConfig. */
function checkSubnet(subnet: string): void {
  const [address = '', length = ''] = subnet.split('/')
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(length) || Number(length) > (isIPv6(address) ? 128 : 32))
    throw new GalleyError('invalid', `invalid network config:\ninvalid subnet ${subnet}: invalid CIDR block notation`, { subject: subnet })
  const masked = subnetText(parseSubnet(subnet))
  if (addressBytes(address).compare(addressBytes(masked.split('/')[0] ?? '')) !== 0)
    throw new GalleyError('invalid', `invalid network config:\ninvalid subnet ${subnet}: it should be ${masked}`, { subject: subnet })
}

function isOfIPv6({ subnet = '' }: AddressWishes): boolean {
  return isIPv6(subnet.split('/')[0] ?? '')
}
