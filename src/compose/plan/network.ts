import { isIPv6 } from 'node:net'
import { composeVersion, label } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import type { Ipam, NetworkDeclaration } from '#compose/model/model.ts'
import type { AddressWishes, NetworkWishes } from '#engine/networks/model.ts'

/** What the engine is asked for to make a project's network, its labels included. Throws `forbidden` for several subnets of one family. */
export function networkRequest(project: string, key: string, declared: NetworkDeclaration): NetworkWishes {
  const { name, internal, labels, ipam, enableIpv6, attachable, driverOpts, configHash, enableIpv4 } = declared
  const pools = ipam?.pools ?? []
  const [ipv6, ...more] = pools.filter(({ subnet }) => subnet !== undefined && isIPv6(subnet.split('/')[0] ?? ''))
  const [ipv4, ...others] = pools.filter(({ subnet }) => subnet !== undefined && !isIPv6(subnet.split('/')[0] ?? ''))
  // As the engine's API has it.
  if (more.length + others.length > 0)
    throw new GalleyError('forbidden', `network ${name}: bridge driver doesn't support multiple subnets`, { subject: key })
  return {
    name,
    internal,
    labels: {
      ...labels,
      [label.project]: project,
      [label.network]: key,
      [label.version]: composeVersion,
      ...(configHash !== undefined && { [label.configHash]: configHash }),
    },
    ...(enableIpv4 === false && { ipv4: false }),
    ...addresses(ipv4),
    ...(enableIpv6 === true && { ipv6: addresses(ipv6) }),
    ...(attachable !== undefined && { attachable }),
    ...(driverOpts !== undefined && { options: driverOpts }),
    ...(ipam?.options !== undefined && { ipamOptions: ipam.options }),
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
