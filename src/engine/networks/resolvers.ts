import type { Endpoint } from '#engine/containers/model.ts'
import type { NameTable } from '#keeper/names/table.ts'
import type { Network, NetworkKeeper, Resolving } from './model.ts'
import { hasNames, noResolver, resolverOf, tableOf } from './name-news.ts'
import { leadToResolver } from './plug.ts'

interface World {
  readonly keeper: NetworkKeeper | undefined
  /** Path of a container's network namespace. */
  readonly namespace: (container: string) => string
  readonly endpointsOf: (container: string) => readonly Endpoint[]
  readonly usersOf: (network: Network) => readonly { readonly endpoint: Endpoint }[]
}

/** Tells the keeper what containers' resolvers answer from, and leads the containers to them. */
export class Resolvers {
  readonly #world: World
  /** How each container resolves what its networks don't know. */
  readonly #resolving = new Map<string, Resolving>()
  /** Containers whose namespaces lead questions for names to their resolvers. */
  readonly #led = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  /** A container has a new namespace. */
  begin(container: string, resolving: Resolving): void {
    this.#resolving.set(container, resolving)
    this.#led.delete(container)
  }

  /** A container runs already. */
  restore(container: string, resolving: Resolving): void {
    this.#resolving.set(container, resolving)
    if (this.#world.endpointsOf(container).some(({ networkName }) => hasNames({ driver: 'bridge', name: networkName })))
      this.#led.add(container)
  }

  /** A container has a place on a network, or another one than before. */
  announce(network: Network, container: string): void {
    if (!hasNames(network)) return
    this.#world.keeper?.tell({ tables: [this.#table(network)], resolvers: [this.#resolver(container)] })
  }

  /** A container that is new on a network with names asks there. */
  lead(container: string): void {
    if (!this.#led.has(container)) leadToResolver(this.#world.namespace(container))
    this.#led.add(container)
  }

  /** A container has left its networks. */
  end(container: string, left: readonly Network[]): void {
    this.#resolving.delete(container)
    this.#led.delete(container)
    if (left.some(hasNames))
      this.#world.keeper?.tell({
        tables: left.filter(hasNames).map((network) => this.#table(network)),
        resolvers: [noResolver(container)],
      })
  }

  /** All that is known, for a keeper that may be a new one. */
  tellAll(networks: readonly Network[]): void {
    const named = new Set(networks.filter(hasNames).map(({ id }) => id))
    // Others have no resolver, and in the host's network no namespace either.
    const containers = [...this.#resolving.keys()].filter((container) =>
      this.#world.endpointsOf(container).some(({ networkId }) => named.has(networkId)),
    )
    this.#world.keeper?.tell({
      tables: networks.filter(hasNames).map((network) => this.#table(network)),
      resolvers: containers.map((container) => this.#resolver(container)),
      whole: true,
    })
  }

  #table(network: Network): NameTable {
    return tableOf(
      network,
      this.#world.usersOf(network).map(({ endpoint }) => endpoint),
    )
  }

  #resolver(container: string): ReturnType<typeof resolverOf> {
    const resolving = this.#resolving.get(container) ?? { servers: [], ndots: false }
    return resolverOf(container, this.#world.namespace(container), { endpoints: this.#world.endpointsOf(container), resolving })
  }
}
