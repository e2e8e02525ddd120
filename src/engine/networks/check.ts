import { GalleyError } from '#base/error.ts'
import { linkIndex } from '#host/link/link.ts'
import { isBridge } from '#host/link/owned.ts'
import { hasIPv6 } from '#host/netns/ipv6.ts'
import { bridgeOptions } from './bridge-options.ts'
import { builtIn, type Network, type NetworkWishes } from './model.ts'

/** Throws `forbidden` for a pre-defined name, `invalid` for one that can't be. */
export function checkName(name: string): void {
  if ([...builtIn, 'default'].includes(name))
    throw new GalleyError('forbidden', `operation is not permitted on predefined ${name} network`, { subject: name })
  // Any other name will do, one with spaces too (moby, libnetwork/config: ValidateName).
  if (name.trim() === '') throw new GalleyError('invalid', 'invalid name: name is empty', { subject: name })
}

/** Throws `not implemented` or `not found` for anything but a bridge. */
export function checkDriver(driver: string): void {
  if (driver === 'bridge') return
  if (driver === 'host' || driver === 'null')
    throw new GalleyError('forbidden', `only one instance of "${driver}" network is allowed`, { subject: driver })
  if (['macvlan', 'ipvlan', 'overlay'].includes(driver))
    throw new GalleyError('not implemented', `network driver "${driver}" is not implemented by Galley`, { subject: driver })
  throw new GalleyError('not found', `could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`, {
    subject: driver,
  })
}

/** Throws `not implemented` for options of Docker's that the IPAM driver lacks; others are for other drivers, and only kept. */
export function checkIpamOptions(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((option) => option.startsWith('com.docker.network.'))
  if (unknown !== undefined)
    throw new GalleyError('not implemented', `IPAM option ${unknown} is not implemented by Galley`, { subject: unknown })
}

/** Throws `forbidden` for the name of another network's bridge, `invalid` for that of an interface of the host which is no bridge. */
export async function checkBridge({ id, name, bridge }: Network, networks: readonly Network[]): Promise<void> {
  const other = networks.find((network) => network.bridge === bridge && network.id !== id)
  if (other !== undefined)
    throw new GalleyError(
      'forbidden',
      `cannot create network ${id} (${bridge}): conflicts with network ${other.id} (${bridge}): networks have same bridge name`,
      { subject: name },
    )
  if (linkIndex(bridge) !== undefined && !(await isBridge(bridge)))
    throw new GalleyError('invalid', `existing interface ${bridge} is not a bridge`, { subject: bridge })
}

/**
 * Throws `invalid` for a network of no family, and for packets that are too small for IPv6 (RFC 8200, 5); `unavailable` for IPv6 on a
 * host whose kernel has none.
 */
export function checkFamilies({ ipv4 = true, ipv6, subnet, options = {} }: NetworkWishes): void {
  if (!ipv4 && subnet !== undefined)
    throw new GalleyError('invalid', `invalid network config:\ninvalid subnet ${subnet}: IPv4 has not been enabled for this network`, {
      subject: subnet,
    })
  if (ipv6 === undefined) {
    if (!ipv4) throw new GalleyError('invalid', 'IPv4 or IPv6 must be enabled')
    return
  }
  if (!hasIPv6())
    throw new GalleyError('unavailable', 'the host has no IPv6', {
      advice: 'Boot without ipv6.disable=1, or create the network without --ipv6.',
    })
  const { mtu } = bridgeOptions(options)
  if (mtu !== undefined && mtu < 1280)
    throw new GalleyError('invalid', `invalid value for com.docker.network.driver.mtu: "${mtu}": IPv6 needs at least 1280`, {
      subject: 'driver.mtu',
    })
}
