import { newId } from '#base/id.ts'
import type { Endpoint } from '#engine/containers/model.ts'
import { parseSubnet } from './address.ts'
import { chooseAddress, outsideEverySubnet } from './choose.ts'
import type { AddressSpace, EndpointRequest, Network } from './model.ts'
import { macOf } from './plug.ts'

/** A container on a network. */
interface User {
  readonly container: string
  readonly endpoint: Endpoint
}

/** Containers' places on networks, and the addresses that they have there. */
export class Endpoints {
  readonly #byContainer = new Map<string, readonly Endpoint[]>()
  /** Address that each subnet gave out last. */
  readonly #last = new Map<string, string>()

  /** A container's, in the order in which they were made. */
  of(container: string): readonly Endpoint[] {
    return this.#byContainer.get(container) ?? []
  }

  /** Containers on the network. */
  on(network: Network): User[] {
    return [...this.#byContainer].flatMap(([container, endpoints]) =>
      endpoints.filter(({ networkId }) => networkId === network.id).map((endpoint) => ({ container, endpoint })),
    )
  }

  set(container: string, endpoints: readonly Endpoint[]): void {
    this.#byContainer.set(container, endpoints)
  }

  delete(container: string): void {
    this.#byContainer.delete(container)
  }

  /** A place on a network, with an address of each of its families; nobody's before `set`. Throws `invalid`, `forbidden` (taken), `unavailable` (none is left). */
  make(network: Network, { ipv4, ipv6, macAddress, names = [], aliases, gatewayPriority }: EndpointRequest): Endpoint {
    if (ipv6 !== undefined && network.ipv6 === undefined) throw outsideEverySubnet(ipv6)
    if (ipv4 !== undefined && network.subnet === '') throw outsideEverySubnet(ipv4)
    const { address, prefixLength, gateway } =
      network.subnet === '' ? { address: '', prefixLength: 0, gateway: '' } : this.#address(network, network, ipv4)
    const own6 = network.ipv6 && this.#address(network, network.ipv6, ipv6)
    return {
      networkId: network.id,
      networkName: network.name,
      endpointId: newId(),
      ipAddress: address,
      prefixLength,
      gateway,
      ...(own6 !== undefined && { ipv6: own6 }),
      macAddress: macAddress || macOf(address || (own6?.address ?? '')),
      names,
      ...(aliases !== undefined && { aliases }),
      ...(gatewayPriority !== undefined && { gatewayPriority }),
    }
  }

  #address(network: Network, space: AddressSpace, wished: string | undefined): NonNullable<Endpoint['ipv6']> {
    const taken = new Set(this.on(network).flatMap(({ endpoint: { ipAddress, ipv6 } }) => [ipAddress, ipv6?.address ?? '']))
    const address = chooseAddress({ network, space, taken }, { wished, last: this.#last.get(space.subnet) })
    if (wished === undefined) this.#last.set(space.subnet, address)
    return { address, prefixLength: parseSubnet(space.subnet).prefixLength, gateway: network.internal ? '' : gatewayOf(space) }
  }
}

/** A reserved address of this name is where containers' packets go, in place of the bridge's own (moby, libnetwork/drivers/bridge). */
function gatewayOf({ reserved = {}, gateway }: AddressSpace): string {
  return reserved['DefaultGatewayIPv4'] ?? reserved['DefaultGatewayIPv6'] ?? gateway
}
