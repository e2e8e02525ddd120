import type { Endpoint } from '#engine/containers/model.ts'
import type { Target } from './published-ports.ts'

/** The place through which a container reaches the outside: of the networks that lead there, the first of the highest priority; one without IPv4 only when there is no other. */
export function wayOut(endpoints: readonly Endpoint[]): Endpoint | undefined {
  return byPriority(endpoints).find(({ gateway }) => gateway !== '') ?? byPriority(endpoints).find(leadsOutside)
}

/** Whether an endpoint's network leads outside, by either family. */
export function leadsOutside({ gateway, ipv6 }: Endpoint): boolean {
  return gateway !== '' || (ipv6 !== undefined && ipv6.gateway !== '')
}

/** The address that an endpoint is known by: of IPv4, where it has that. */
export function mainAddress({ ipAddress, ipv6 }: Endpoint): string {
  return ipAddress || (ipv6?.address ?? '')
}

/** The gateways of a container's default routes, one for each family. */
export function waysOut(endpoints: readonly Endpoint[]): string[] {
  const ipv6 = byPriority(endpoints).find((endpoint) => endpoint.ipv6 !== undefined && endpoint.ipv6.gateway !== '')
  return [wayOut(endpoints)?.gateway ?? '', ipv6?.ipv6?.gateway ?? ''].filter((gateway) => gateway !== '')
}

function byPriority(endpoints: readonly Endpoint[]): Endpoint[] {
  return endpoints.toSorted((a, b) => (b.gatewayPriority ?? 0) - (a.gatewayPriority ?? 0))
}

/** Where ports lead that are published through an endpoint. */
export function targetOf(endpoint: Endpoint): Target {
  return { address: mainAddress(endpoint), ...(endpoint.ipv6 !== undefined && { ipv6: endpoint.ipv6.address }) }
}

/** Its addresses, of each family that it has. */
export function addressesOf({ ipAddress, ipv6 }: Endpoint): string[] {
  return [ipAddress, ipv6?.address ?? ''].filter((address) => address !== '')
}
