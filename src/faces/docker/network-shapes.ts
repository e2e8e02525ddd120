import type { Container, Endpoint } from '#engine/containers/model.ts'
import { namesOn } from '#engine/containers/networking.ts'
import { isRouted } from '#engine/networks/ports.ts'
import type { Network } from '#engine/networks/model.ts'

/** Where networks are looked up. */
interface Known {
  find(reference: string): Network | undefined
}

/** `EndpointSettings` of the Engine API. */
interface ShownEndpoint {
  readonly Aliases: readonly string[] | null
  readonly DNSNames: readonly string[] | null
  readonly [field: string]: unknown
}

/** `NetworkSettings` of an inspected container (Engine API 1.51); the fields beside `Networks` are those of the default bridge. */
export function networkSettings(container: Container, known: Known, minor: number): object {
  const running = container.state.pid !== 0
  const bridge = container.addresses.find(({ networkName }) => networkName === 'bridge')
  return {
    Bridge: '',
    SandboxID: running ? container.id : '',
    SandboxKey: '',
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...placeOf(bridge),
    Networks: minor < 45 ? withShortIds(container, endpointSettings(container, known)) : endpointSettings(container, known),
  }
}

/** Before API 1.45 had `DNSNames`, what the engine calls a container was among its aliases. */
function withShortIds({ id, config }: Container, networks: Record<string, ShownEndpoint>): object {
  return Object.fromEntries(
    Object.entries(networks).map(([name, one]) => [
      name,
      one.DNSNames === null ? one : { ...one, Aliases: [...new Set([...(one.Aliases ?? []), id.slice(0, 12), config.Hostname])] },
    ]),
  )
}

/** `EndpointSettings` by network, also of a container that doesn't run: what it wishes there. */
export function endpointSettings(container: Container, known: Known): Record<string, ShownEndpoint> {
  const { NetworkMode } = container.hostConfig
  const names = NetworkMode === 'host' ? ['host'] : Object.keys(container.endpoints)
  return Object.fromEntries(names.map((name) => [name, oneEndpoint(container, name, known)]))
}

function oneEndpoint(container: Container, name: string, known: Known): ShownEndpoint {
  const wishes = container.endpoints[name] ?? {}
  const endpoint = container.addresses.find(({ networkName }) => networkName === name)
  const userDefined = known.find(name)?.driver === 'bridge' && name !== 'bridge'
  return {
    IPAMConfig: wishes.IPAMConfig ?? null,
    Links: wishes.Links ?? null,
    Aliases: wishes.Aliases ?? null,
    DriverOpts: wishes.DriverOpts ?? null,
    GwPriority: wishes.GwPriority ?? 0,
    NetworkID: endpoint?.networkId ?? known.find(name)?.id ?? '',
    ...placeOf(endpoint),
    MacAddress: endpoint?.macAddress ?? wishes.MacAddress ?? '',
    DNSNames: userDefined ? namesOn(container, name, wishes) : null,
  }
}

function placeOf(endpoint: Endpoint | undefined): object {
  return {
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipAddress ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6?.gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6?.address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6?.prefixLength ?? 0,
    MacAddress: endpoint?.macAddress ?? '',
  }
}

/** `Ports` of an inspected container; empty while it doesn't run. */
function portMap({ config, ports, state }: Container): Record<string, { HostIp: string; HostPort: string }[] | null> {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = Object.fromEntries(
    state.pid === 0 ? [] : Object.keys(config.ExposedPorts).map((port) => [port, null]),
  )
  for (const port of ports)
    (map[`${port.containerPort}/${port.protocol}`] ??= []).push({
      HostIp: port.hostIp,
      HostPort: isRouted(port) ? '' : String(port.hostPort),
    })
  return map
}

/** `Ports` of a listed container: the published ones, then those that it exposes only. */
export function portList({ config, ports, state }: Container): object[] {
  const published = ports.map((port) => ({
    IP: port.hostIp,
    PrivatePort: port.containerPort,
    ...(!isRouted(port) && { PublicPort: port.hostPort }),
    Type: port.protocol,
  }))
  const exposed = Object.keys(config.ExposedPorts)
    .map((port) => port.split('/'))
    .filter(([port, type = 'tcp']) => !ports.some(({ containerPort, protocol }) => containerPort === Number(port) && protocol === type))
    .map(([port, type]) => ({ PrivatePort: Number(port), Type: type ?? 'tcp' }))
  return [...published, ...(state.pid === 0 ? [] : exposed)]
}
