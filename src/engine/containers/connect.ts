import { GalleyError } from '#base/error.ts'
import { wayOut } from '#engine/networks/endpoint.ts'
import type { Network } from '#engine/networks/model.ts'
import { checkWishes } from './endpoint-wishes.ts'
import type { Engine } from './engine.ts'
import { parseLink, resolveLinks, type Link } from './links.ts'
import type { Container, EndpointWishes } from './model.ts'
import { joinNetwork, publishPorts } from './networking.ts'
import { followNetworks, resolvConf } from './network-files.ts'

/**
 * `docker network connect`: the wish is kept for every start to come, and a running container is plugged in at once. Throws
 * `not found`, `invalid`, `forbidden` (it is on it already, the address is taken).
 */
export function connect(engine: Engine, reference: string, network: Network, wishes: EndpointWishes): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    checkMode(container, network)
    checkWishes(network.name, wishes)
    if (isPlugged(container)) await plugIn(engine, container, network, wishes)
    else if (network.name in container.endpoints)
      throw new GalleyError('forbidden', `endpoint with name ${container.name} already exists in network ${network.name}`)
    container.endpoints = { ...container.endpoints, [network.name]: wishes }
    await engine.containers.save(container)
  })
}

/** `docker network disconnect`, the reverse. Throws `not found`, `forbidden` when it isn't on the network. */
export function disconnect(engine: Engine, reference: string, network: Network): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    if (network.driver === 'host')
      throw new GalleyError('invalid', 'container cannot be disconnected from host network or connected to host network')
    if (!(network.name in container.endpoints))
      throw new GalleyError('forbidden', `container ${container.id} is not connected to network ${network.name}`)
    if (isPlugged(container) && network.driver === 'bridge') await unplug(engine, container, network)
    const { [network.name]: _gone, ...others } = container.endpoints
    container.endpoints = others
    await engine.containers.save(container)
  })
}

async function plugIn(engine: Engine, container: Container, network: Network, wishes: EndpointWishes): Promise<void> {
  const resolver = resolvConf(container)
  const endpoint = await joinNetwork(engine, container, network.name, wishes)
  container.addresses = [...container.addresses, endpoint]
  if (wayOut(container.addresses) === endpoint) await moveHere(engine, container)
  followNetworks(engine, container, { links: presentLinks(engine, container), resolver })
}

/** What is published follows the way out: what comes in through one network is answered through the other, else. */
async function moveHere(engine: Engine, container: Container): Promise<void> {
  const published = container.ports
  if (published.length > 0) await engine.networks.unpublish(container.id)
  await publishPorts(engine, container, published.length > 0 ? published : undefined)
}

/** Ports that were published through this network move to another one that leads outside. */
async function unplug(engine: Engine, container: Container, network: Network): Promise<void> {
  const resolver = resolvConf(container)
  const published = container.ports
  const through = wayOut(container.addresses)?.networkId === network.id
  await engine.networks.disconnect(container.id, network.id)
  container.addresses = container.addresses.filter(({ networkId }) => networkId !== network.id)
  if (through && published.length > 0) await publishPorts(engine, container, published)
  followNetworks(engine, container, { links: presentLinks(engine, container), resolver })
}

/** Others that it was linked to may have stopped since. */
export function presentLinks(engine: Engine, container: Container): Link[] {
  const Links = container.hostConfig.Links.filter((text) =>
    engine.containers.list().some(({ name, state }) => name === parseLink(text).name && state.status === 'running'),
  )
  return resolveLinks(engine, { ...container, hostConfig: { ...container.hostConfig, Links } })
}

export function isPlugged({ state }: Container): boolean {
  return state.status === 'running' || state.status === 'paused'
}

/** As moby, runconfig/errors.go and daemon/container_operations.go word it. */
function checkMode({ hostConfig: { NetworkMode }, endpoints }: Container, network: Network): void {
  if (network.driver === 'host' || NetworkMode === 'host')
    throw new GalleyError('invalid', 'container cannot be disconnected from host network or connected to host network')
  if (NetworkMode.startsWith('container:'))
    throw new GalleyError(
      'invalid',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    )
  if (network.driver === 'null' ? Object.keys(endpoints).length > 0 : 'none' in endpoints)
    throw new GalleyError('invalid', 'container cannot be connected to multiple networks with one of the networks in private (none) mode')
}
