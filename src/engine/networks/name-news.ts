import { statSync } from 'node:fs'
import type { Endpoint } from '#engine/containers/model.ts'
import type { ResolverSpec } from '#keeper/names/resolver.ts'
import type { NameTable } from '#keeper/names/table.ts'
import { leadsOutside } from './endpoint.ts'
import type { Network, Resolving } from './model.ts'

/** Whether a network's containers find each other by name; on the default bridge they don't, as in Docker. */
export function hasNames({ driver, name }: Pick<Network, 'driver' | 'name'>): boolean {
  return driver === 'bridge' && name !== 'bridge'
}

/** The whole of a network's names, for the keeper. */
export function tableOf({ id, name }: Network, endpoints: readonly Endpoint[]): NameTable {
  return {
    id,
    name,
    records: endpoints.map(({ names, ipAddress, ipv6 }) => ({
      names,
      address: ipAddress,
      ...(ipv6 !== undefined && { ipv6: ipv6.address }),
    })),
  }
}

/** What a container's resolver answers from; without networks there is none. */
export function resolverOf(
  container: string,
  namespace: string,
  { endpoints, resolving }: { readonly endpoints: readonly Endpoint[]; readonly resolving: Resolving },
): ResolverSpec {
  return {
    container,
    namespace,
    sandbox: statSync(namespace).ino,
    networks: endpoints.filter(({ networkName }) => hasNames({ driver: 'bridge', name: networkName })).map(({ networkId }) => networkId),
    aliases: Object.fromEntries(endpoints.flatMap(({ networkId, aliases }) => (aliases === undefined ? [] : [[networkId, aliases]]))),
    servers: resolving.servers,
    outside: endpoints.some(leadsOutside),
    ...(endpoints.every(({ gateway }) => gateway === '') && { ipv4: false }),
    ndots: resolving.ndots,
  }
}

/** The message that closes a container's resolver. */
export function noResolver(container: string): ResolverSpec {
  return { container, namespace: '', sandbox: 0, networks: [], servers: [], outside: false, ndots: false }
}
