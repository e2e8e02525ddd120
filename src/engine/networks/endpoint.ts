import type { Endpoint } from '#engine/containers/model.ts'
import type { Target } from './published-ports.ts'

/** The gateways of a container's default routes: for each family, that of the first of its networks that leads outside. */
export function waysOut(endpoints: readonly Endpoint[]): string[] {
  const ipv4 = endpoints.find(({ gateway }) => gateway !== '')
  const ipv6 = endpoints.find((endpoint) => endpoint.ipv6 !== undefined && endpoint.ipv6.gateway !== '')
  return [ipv4?.gateway, ipv6?.ipv6?.gateway].filter((gateway) => gateway !== undefined)
}

/** Where ports lead that are published through an endpoint. */
export function targetOf({ ipAddress, ipv6 }: Endpoint): Target {
  return { address: ipAddress, ...(ipv6 !== undefined && { ipv6: ipv6.address }) }
}
