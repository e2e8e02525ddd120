import { GalleyError, messageOf } from '#base/error.ts'
import { wayOut } from '#engine/networks/endpoint.ts'
import type { Network } from '#engine/networks/model.ts'
import { checkWishes } from './endpoint-wishes.ts'
import type { Engine } from './engine.ts'
import { parseLink, resolveLinks, type Link } from './links.ts'
import type { Container, EndpointWishes } from './model.ts'
import { joinNetwork, publishPorts } from './networking.ts'
import { followNetworks, resolvConf } from './network-files.ts'
import { hasProcesses } from './status.ts'

/** A running container's place on a network, and what it publishes. */
interface Place {
  readonly network: Network
  readonly published: Container['ports']
}

/**
 * `docker network connect`: the wish is kept for every start to come, and a running container is plugged in at once, or nothing changes. Throws
 * `not found`, `invalid`, `forbidden` (it is on it already, the address is taken), `conflict` (a port that would be published now is taken).
 */
export function connect(engine: Engine, reference: string, network: Network, wishes: EndpointWishes): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    checkWishes(network.name, wishes)
    checkMode(container, network)
    if (hasProcesses(container)) await plugIn(engine, container, network, wishes)
    else if (network.name in container.endpoints)
      throw new GalleyError('forbidden', `endpoint with name ${container.name} already exists in network ${network.name}`)
    const { endpoints } = container
    container.endpoints = { ...endpoints, [network.name]: wishes }
    const undo = async (): Promise<void> => {
      container.endpoints = endpoints
      if (hasProcesses(container)) await pullOut(engine, container, { network, published: container.ports })
    }
    await engine.containers.saveOr(undo, container)
  })
}

/** `docker network disconnect`, the reverse. Throws `not found`, `forbidden` when it isn't on the network. */
export function disconnect(engine: Engine, reference: string, network: Network): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    if (network.driver === 'host')
      throw new GalleyError('invalid', 'cannot disconnect container from host network - container was created in host network mode')
    if (!(network.name in container.endpoints))
      throw new GalleyError('forbidden', `container ${container.id} is not connected to network ${network.name}`)
    if (hasProcesses(container) && network.driver === 'bridge') await unplug(engine, container, { network, published: container.ports })
    const { [network.name]: _gone, ...others } = container.endpoints
    container.endpoints = others
    await engine.containers.save(container)
  })
}

/** `docker network disconnect --force` from a network that is gone. Throws `not found` where the container is not for it. */
export function forgetNetwork(engine: Engine, reference: string, name: string): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    const { [name]: gone, ...others } = container.endpoints
    if (gone === undefined) throw new GalleyError('not found', `container ${id} is not connected to network ${name}`, { subject: name })
    container.endpoints = others
    await engine.containers.save(container)
  })
}

async function plugIn(engine: Engine, container: Container, network: Network, wishes: EndpointWishes): Promise<void> {
  const resolver = resolvConf(container)
  const published = container.ports
  const endpoint = await joinNetwork(engine, container, network.name, wishes)
  container.addresses = [...container.addresses, endpoint]
  try {
    if (wayOut(container.addresses) === endpoint) await moveHere(engine, container)
    followNetworks(engine, container, { links: presentLinks(engine, container), resolver })
  } catch (error) {
    await pullOut(engine, container, { network, published })
    throw error
  }
}

/** Takes back that the container was plugged in, with what it published before. What can't be taken back is logged: it is told why it was to be. */
async function pullOut(engine: Engine, container: Container, place: Place): Promise<void> {
  try {
    await unplug(engine, container, place)
  } catch (error) {
    engine.log.warn('a container that could not be connected to a network is left on it in part', {
      container: container.id,
      network: place.network.name,
      error: messageOf(error),
    })
  }
}

/** What is published follows the way out: what comes in through one network is answered through the other, else. */
async function moveHere(engine: Engine, container: Container): Promise<void> {
  const published = container.ports
  if (published.length > 0) await engine.networks.unpublish(container.id)
  await publishPorts(engine, container, published.length > 0 ? published : undefined)
}

/** Ports that were published through this network move to another one that leads outside. */
async function unplug(engine: Engine, container: Container, { network, published }: Place): Promise<void> {
  const resolver = resolvConf(container)
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

/** A container has got another address: those that are linked to it find it there. */
export function followLinks(engine: Engine, { name }: Container): void {
  for (const other of engine.containers.list())
    if (hasProcesses(other) && other.hostConfig.Links.some((text) => parseLink(text).name === name))
      followNetworks(engine, other, { links: presentLinks(engine, other), resolver: resolvConf(other) })
}

/** As moby, runconfig/errors.go and daemon/container_operations.go word it. */
function checkMode({ hostConfig: { NetworkMode }, endpoints }: Container, network: Network): void {
  if (network.driver === 'host' && NetworkMode !== 'host')
    throw new GalleyError('invalid', 'cannot connect container to host network - container must be created in host network mode')
  if (NetworkMode === 'host' || NetworkMode.startsWith('container:'))
    throw new GalleyError(
      'invalid',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    )
  if (network.driver === 'null' ? Object.keys(endpoints).length > 0 : 'none' in endpoints)
    throw new GalleyError('invalid', 'container cannot be connected to multiple networks with one of the networks in private (none) mode')
}
