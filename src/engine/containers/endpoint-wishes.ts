import { isIPv4, isIPv6 } from 'node:net'
import { GalleyError } from '#base/error.ts'
import { endpointOptions } from './endpoint-options.ts'
import { builtIn } from '#engine/networks/model.ts'
import type { Engine } from './engine.ts'
import { parseLink } from './links.ts'
import type { ContainerConfig, EndpointWishes, HostConfig } from './model.ts'

/** Whether a network mode names a network that has endpoints of its own. */
function isShared(mode: string): boolean {
  return mode === 'host' || mode.startsWith('container:')
}

/**
 * The networks that a new container is for, by name, the one of its network mode first. A network that doesn't exist yet keeps
 * the name as given: the start will tell. Throws `invalid` for contradictions, `not implemented` for wishes that Galley lacks.
 */
export function endpointWishes(
  engine: Engine,
  given: Readonly<Record<string, EndpointWishes>>,
  { config, hostConfig }: { readonly config: ContainerConfig; readonly hostConfig: HostConfig },
): Record<string, EndpointWishes> {
  const mode = hostConfig.NetworkMode
  checkSharing(config, hostConfig, given)
  if (mode === 'host') for (const wishes of Object.values(given)) checkWishes('host', wishes)
  if (isShared(mode)) return {}
  const nameOf = (reference: string): string => (reference === 'default' ? 'bridge' : (engine.networks.find(reference)?.name ?? reference))
  const named = Object.entries(given).map(([reference, wishes]) => [nameOf(reference), checkWishes(nameOf(reference), wishes)] as const)
  const first = nameOf(mode)
  // Who names networks and no mode is on those alone: the default network is for those who name none (moby, updateContainerNetworkSettings).
  if (first === 'bridge' && named.length > 0 && !named.some(([name]) => name === first)) {
    if ((config as { MacAddress?: string }).MacAddress)
      throw new GalleyError('invalid', 'HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks')
    return Object.fromEntries(named)
  }
  const own = named.find(([name]) => name === first)?.[1] ?? {}
  const MacAddress = own.MacAddress || (config as { MacAddress?: string }).MacAddress
  return {
    [first]: checkWishes(first, { ...own, ...(MacAddress && { MacAddress }) }),
    ...Object.fromEntries(named.filter(([name]) => name !== first)),
  }
}

/** Checks what is wished of one endpoint. Throws `invalid`, `not implemented`. */
export function checkWishes(network: string, wishes: EndpointWishes): EndpointWishes {
  const { IPAMConfig, Aliases, Links, MacAddress, DriverOpts } = wishes
  endpointOptions(DriverOpts ?? {})
  for (const link of Links ?? []) parseLink(link)
  for (const address of IPAMConfig?.LinkLocalIPs ?? [])
    if (!isLinkLocal(address)) throw new GalleyError('invalid', `invalid link-local IP address: ${address}`, { subject: address })
  checkAddresses(network, IPAMConfig)
  if (MacAddress && !/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(MacAddress))
    throw new GalleyError('invalid', `invalid MAC address: address ${MacAddress}: invalid MAC address`, { subject: MacAddress })
  if (builtIn.includes(network) && Aliases && Aliases.length > 0)
    throw new GalleyError('invalid', 'network-scoped alias is supported only for containers in user defined networks', { subject: network })
  return wishes
}

/** Addresses that somebody chose, which are for networks whose subnets somebody chose, or could have chosen. */
function checkAddresses(network: string, wished: EndpointWishes['IPAMConfig']): void {
  const { IPv4Address = '', IPv6Address = '' } = wished ?? {}
  const refuse = (why: string): never => {
    throw new GalleyError('invalid', `invalid endpoint settings:\n${why}`, { subject: network })
  }
  if (IPv4Address !== '' && !isIPv4(IPv4Address)) refuse(`invalid IPv4 address: ${IPv4Address}`)
  // An IPv4 address in IPv6's clothes is none of this family (moby, EndpointIPAMConfig).
  if (IPv6Address !== '' && (!isIPv6(IPv6Address) || /^::ffff:[\d.]+$/i.test(IPv6Address))) refuse(`invalid IPv6 address: ${IPv6Address}`)
  if (builtIn.includes(network) && IPv4Address + IPv6Address !== '')
    refuse('user specified IP address is supported on user defined networks only')
}

/** Who shares another's network has no settings of his own (moby, runconfig/errors.go). */
function checkSharing(config: ContainerConfig, hostConfig: HostConfig, given: Readonly<Record<string, EndpointWishes>>): void {
  const mode = hostConfig.NetworkMode
  if (!isShared(mode)) return
  const ofHost = mode === 'host'
  const conflicts: readonly (readonly [string, boolean])[] = [
    ['hostname and the network mode', !ofHost && config.Hostname !== ''],
    ['dns and the network mode', !ofHost && hostConfig.Dns.length + hostConfig.DnsSearch.length + hostConfig.DnsOptions.length > 0],
    ['custom host-to-IP mapping and the network mode', !ofHost && hostConfig.ExtraHosts.length > 0],
    [
      'port publishing and the container type network mode',
      !ofHost && (hostConfig.PublishAllPorts || Object.keys(hostConfig.PortBindings).length > 0),
    ],
    ['port exposing and the container type network mode', !ofHost && Object.keys(config.ExposedPorts).length > 0],
    [
      'mac-address and the network mode',
      [config as { MacAddress?: string }, ...Object.values(given)].some(({ MacAddress }) => Boolean(MacAddress)),
    ],
  ]
  const conflict = conflicts.find(([, holds]) => holds)?.[0]
  if (conflict !== undefined) throw new GalleyError('invalid', `conflicting options: ${conflict}`)
}

/** RFC 3927, RFC 4291 section 2.5.6. */
function isLinkLocal(address: string): boolean {
  return (isIPv4(address) && address.startsWith('169.254.')) || (isIPv6(address) && /^fe[89ab]/i.test(address))
}
