import type { Endpoint } from '#engine/containers/model.ts'
import type { Target } from './published-ports.ts'

/** The place through which a container reaches the outside: of the networks that lead there, the first of the highest priority. */
export function wayOut(endpoints: readonly Endpoint[]): Endpoint | undefined {
  return byPriority(endpoints).find(({ gateway }) => gateway !== '')
}

/** The gateways of a container's default routes, one for each family. */
export function waysOut(endpoints: readonly Endpoint[]): string[] {
  const ipv6 = byPriority(endpoints).find((endpoint) => endpoint.ipv6 !== undefined && endpoint.ipv6.gateway !== '')
  return [wayOut(endpoints)?.gateway, ipv6?.ipv6?.gateway].filter((gateway) => gateway !== undefined)
}

function byPriority(endpoints: readonly Endpoint[]): Endpoint[] {
  return endpoints.toSorted((a, b) => (b.gatewayPriority ?? 0) - (a.gatewayPriority ?? 0))
}

/** Where ports lead that are published through an endpoint. */
export function targetOf({ ipAddress, ipv6 }: Endpoint): Target {
  return { address: ipAddress, ...(ipv6 !== undefined && { ipv6: ipv6.address }) }
}
