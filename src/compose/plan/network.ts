import { isIPv6 } from 'node:net'
import type { Ipam, NetworkDeclaration } from '#compose/model/model.ts'
import type { AddressWishes, NetworkWishes } from '#engine/networks/model.ts'
import { label } from './labels.ts'

/** What the engine is asked for to make a project's network, its labels included. */
export function networkRequest(project: string, key: string, declared: NetworkDeclaration): NetworkWishes {
  const { name, internal, labels, ipam, enableIpv6, attachable, driverOpts, configHash } = declared
  const pools = ipam?.pools ?? []
  const ipv4 = pools.find(({ subnet }) => subnet !== undefined && !isIPv6(subnet.split('/')[0] ?? ''))
  const ipv6 = pools.find(({ subnet }) => subnet !== undefined && isIPv6(subnet.split('/')[0] ?? ''))
  return {
    name,
    internal,
    labels: {
      ...labels,
      [label.project]: project,
      [label.network]: key,
      ...(configHash !== undefined && { [label.configHash]: configHash }),
    },
    ...addresses(ipv4),
    ...(enableIpv6 === true && { ipv6: addresses(ipv6) }),
    ...(attachable !== undefined && { attachable }),
    ...(driverOpts !== undefined && { options: driverOpts }),
  }
}

function addresses(pool: Ipam['pools'][number] | undefined): AddressWishes {
  if (pool === undefined) return {}
  const { subnet, gateway, ipRange, auxAddresses } = pool
  return {
    ...(subnet !== undefined && { subnet }),
    ...(gateway !== undefined && { gateway }),
    ...(ipRange !== undefined && { ipRange }),
    ...(auxAddresses !== undefined && { reserved: auxAddresses }),
  }
}
