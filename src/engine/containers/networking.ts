import { GalleyError } from '#base/error.ts'
import { mainAddress, wayOut } from '#engine/networks/endpoint.ts'
import type { Resolving } from '#engine/networks/model.ts'
import { endpointOptions } from './endpoint-options.ts'
import type { Engine } from './engine.ts'
import { parseLink } from './links.ts'
import type { Container, Endpoint, EndpointWishes } from './model.ts'
import { portsOf } from './ports.ts'

/** Gives a starting container its addresses and published ports; resolves with its network namespace, undefined for the host's. */
export async function attachNetworks(engine: Engine, container: Container): Promise<string | undefined> {
  const mode = container.hostConfig.NetworkMode
  if (mode === 'host') return undefined
  if (mode.startsWith('container:')) return namespaceOf(engine, mode.slice('container:'.length))
  const namespace = await engine.networks.createSandbox(container.id, resolvingOf(container))
  container.addresses = []
  if (container.config.NetworkDisabled === true) return namespace
  for (const [network, wishes] of Object.entries(container.endpoints))
    if (network !== 'none') container.addresses.push(await joinNetwork(engine, container, network, wishes))
  await publishPorts(engine, container)
  return namespace
}

/** Puts a container's namespace on one network. */
export function joinNetwork(engine: Engine, container: Container, network: string, wishes: EndpointWishes): Promise<Endpoint> {
  const { IPAMConfig, MacAddress, DriverOpts, GwPriority } = wishes
  const aliases = aliasesOn(container, network, wishes)
  return engine.networks.connect(container.id, network, {
    ...(IPAMConfig?.IPv4Address && { ipv4: IPAMConfig.IPv4Address }),
    ...(IPAMConfig?.IPv6Address && { ipv6: IPAMConfig.IPv6Address }),
    ...(MacAddress && { macAddress: MacAddress }),
    ...(IPAMConfig?.LinkLocalIPs && { linkLocal: IPAMConfig.LinkLocalIPs }),
    ...(Object.keys(aliases).length > 0 && { aliases }),
    ...(GwPriority && { gatewayPriority: GwPriority }),
    ...endpointOptions(DriverOpts ?? {}),
    names: namesOn(container, network, wishes),
  })
}

/** Names by which others find the container on a network of their making; the default bridge has none (moby, buildEndpointDNSNames). */
export function namesOn(container: Container, network: string, { Aliases }: EndpointWishes): string[] {
  if (network === 'bridge') return []
  const { id, name, config, understudy } = container
  const known = understudy === true ? [] : [...(Aliases ?? []), config.Hostname]
  return [...new Set([name, ...known, id.slice(0, 12)].filter((word) => word !== ''))]
}

/** What the container calls others on a network of somebody's making; the links of its configuration are of its first network. */
function aliasesOn({ hostConfig }: Container, network: string, { Links }: EndpointWishes): Record<string, string[]> {
  if (network === 'bridge') return {}
  const links = Links ?? (network === hostConfig.NetworkMode ? hostConfig.Links : [])
  const aliases: Record<string, string[]> = {}
  for (const { alias, name } of links.map(parseLink)) (aliases[alias.toLowerCase()] ??= []).push(name.toLowerCase())
  return aliases
}

/** How it resolves what its networks don't know (`--dns`, `--dns-option`). */
export function resolvingOf({ hostConfig: { Dns, DnsOptions } }: Container): Resolving {
  return { servers: Dns, ndots: DnsOptions.some((option) => /^ndots:0*[1-9]/.test(option)) }
}

/** The container has got another name. */
export function renameOnNetworks(engine: Engine, container: Container): void {
  const names = (network: string): string[] => namesOn(container, network, container.endpoints[network] ?? {})
  container.addresses = [...engine.networks.rename(container.id, names)]
}

/** Publishes the container's ports on its address that leads outside; `wanted` are those of its configuration. */
export async function publishPorts(engine: Engine, container: Container, wanted = portsOf(container)): Promise<void> {
  container.ports = []
  const outside = wayOut(container.addresses)
  if (wanted.length === 0 || outside === undefined || container.understudy === true) return
  container.ports = [...(await engine.networks.publish(container.id, mainAddress(outside), wanted))]
}

export async function leaveNetworks(engine: Engine, container: Container): Promise<void> {
  const mode = container.hostConfig.NetworkMode
  if (mode === 'host' || mode.startsWith('container:')) return
  // With what it publishes; each is taken away also where another can't be.
  container.ports = []
  container.addresses = []
  await engine.networks.destroySandbox(container.id)
}

function namespaceOf(engine: Engine, reference: string): string {
  const other = engine.containers.get(reference)
  if (other.state.status !== 'running') throw new GalleyError('conflict', `cannot join network of a non running container: ${other.id}`)
  return `/proc/${other.state.pid}/ns/net`
}
