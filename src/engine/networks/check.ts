import { GalleyError } from '#base/error.ts'
import { hasIPv6 } from '#host/netns/ipv6.ts'
import { builtIn } from './model.ts'

/** Throws `forbidden` for a pre-defined name, `invalid` for one that can't be. */
export function checkName(name: string): void {
  if (builtIn.includes(name))
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

/** Throws `unavailable` on a host whose kernel has no IPv6. */
export function checkIPv6(): void {
  if (!hasIPv6())
    throw new GalleyError('unavailable', 'the host has no IPv6', {
      advice: 'Boot without ipv6.disable=1, or create the network without --ipv6.',
    })
}
