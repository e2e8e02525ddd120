import type { Engine } from '#engine/containers/engine.ts'
import type { Container, MountPoint } from '#engine/containers/model.ts'
import { logPath } from '#engine/containers/start.ts'

/** Go's zero time, which clients take for "never". */
const never = '0001-01-01T00:00:00Z'

function time(milliseconds: number): string {
  return milliseconds === 0 ? never : new Date(milliseconds).toISOString()
}

/** `GET /containers/{id}/json` (Engine API 1.51, ContainerInspectResponse). */
export function inspect(engine: Engine, container: Container): object {
  const { state, config, hostConfig } = container
  return {
    Id: container.id,
    Created: time(container.created),
    Path: container.path,
    Args: container.args,
    State: {
      Status: state.status,
      Running: ['running', 'paused', 'restarting'].includes(state.status),
      Paused: state.status === 'paused',
      Restarting: state.status === 'restarting',
      OOMKilled: state.oomKilled,
      Dead: state.status === 'dead',
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: time(state.startedAt),
      FinishedAt: time(state.finishedAt),
    },
    Image: container.image,
    ResolvConfPath: filePath(engine, container, 'resolv.conf'),
    HostnamePath: filePath(engine, container, 'hostname'),
    HostsPath: filePath(engine, container, 'hosts'),
    LogPath: hostConfig.LogConfig.Type === 'none' ? '' : logPath(engine, container.id),
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIds(engine, container.id),
    HostConfig: hostConfig,
    GraphDriver: {
      Name: 'overlay2',
      Data: {
        MergedDir: filePath(engine, container, 'merged'),
        UpperDir: filePath(engine, container, 'upper'),
        WorkDir: filePath(engine, container, 'work'),
      },
    },
    Mounts: container.mounts.map(mountPoint),
    Config: config,
    NetworkSettings: networkSettings(engine, container),
  }
}

function filePath(engine: Engine, { id }: Container, name: string): string {
  return `${engine.data}/containers/${id}/${name}`
}

function execIds(engine: Engine, id: string): string[] | null {
  const ids = engine.execs.of(id).map((exec) => exec.id)
  return ids.length === 0 ? null : ids
}

function mountPoint(mount: MountPoint): object {
  return {
    Type: mount.type,
    ...(mount.name !== undefined && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.type === 'volume' && { Driver: 'local' }),
    Mode: mount.readOnly ? 'ro' : '',
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  }
}

function networkSettings(engine: Engine, container: Container): object {
  const networks = endpointSettings(engine, container)
  const primary = (networks['bridge'] ?? {}) as {
    IPAddress?: string
    Gateway?: string
    MacAddress?: string
    IPPrefixLen?: number
    EndpointID?: string
  }
  return {
    Bridge: '',
    SandboxID: container.state.pid === 0 ? '' : container.id,
    SandboxKey: '',
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: primary.EndpointID ?? '',
    Gateway: primary.Gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: primary.IPAddress ?? '',
    IPPrefixLen: primary.IPPrefixLen ?? 0,
    IPv6Gateway: '',
    MacAddress: primary.MacAddress ?? '',
    Networks: networks,
  }
}

function endpointSettings(_engine: Engine, container: Container): Record<string, object> {
  const { NetworkMode } = container.hostConfig
  if (NetworkMode.startsWith('container:')) return {}
  const running = new Map(container.addresses.map((endpoint) => [endpoint.networkName, endpoint]))
  const names = new Set([NetworkMode, ...Object.keys(container.endpoints).filter((name) => name !== 'default')])
  return Object.fromEntries(
    [...names].map((name) => {
      const endpoint = running.get(name)
      const wishes = container.endpoints[name] ?? {}
      return [
        name,
        {
          IPAMConfig: wishes.IPAMConfig ?? null,
          Links: null,
          Aliases: wishes.Aliases ?? null,
          MacAddress: endpoint?.macAddress ?? '',
          DriverOpts: null,
          GwPriority: 0,
          NetworkID: endpoint?.networkId ?? '',
          EndpointID: endpoint?.endpointId ?? '',
          Gateway: endpoint?.gateway ?? '',
          IPAddress: endpoint?.ipAddress ?? '',
          IPPrefixLen: endpoint?.prefixLength ?? 0,
          IPv6Gateway: '',
          GlobalIPv6Address: '',
          GlobalIPv6PrefixLen: 0,
          DNSNames: [...new Set([container.name, ...(wishes.Aliases ?? []), container.id.slice(0, 12)])],
        },
      ]
    }),
  )
}

function portMap({ config, ports }: Container): Record<string, { HostIp: string; HostPort: string }[] | null> {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = Object.fromEntries(
    Object.keys(config.ExposedPorts).map((port) => [port, null]),
  )
  for (const port of ports)
    (map[`${port.containerPort}/${port.protocol}`] ??= []).push({ HostIp: port.hostIp, HostPort: String(port.hostPort) })
  return map
}

/** A row of `GET /containers/json` (Engine API 1.51, ContainerSummary). */
export function summary(engine: Engine, container: Container): object {
  const { config, hostConfig, state } = container
  const published = container.ports.map((port) => ({
    IP: port.hostIp,
    PrivatePort: port.containerPort,
    PublicPort: port.hostPort,
    Type: port.protocol,
  }))
  const exposed = Object.keys(config.ExposedPorts)
    .map((port) => port.split('/'))
    .filter(([port]) => !container.ports.some(({ containerPort }) => containerPort === Number(port)))
    .map(([port, type]) => ({ PrivatePort: Number(port), Type: type ?? 'tcp' }))
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: config.Image,
    ImageID: container.image,
    Command: [container.path, ...container.args].join(' '),
    Created: Math.floor(container.created / 1000),
    Ports: [...published, ...(state.status === 'running' ? exposed : [])],
    Labels: config.Labels,
    State: state.status,
    Status: statusText(engine.clock.now(), container),
    HostConfig: { NetworkMode: hostConfig.NetworkMode },
    NetworkSettings: { Networks: endpointSettings(engine, container) },
    Mounts: container.mounts.map(mountPoint),
  }
}

function statusText(now: number, { state }: Container): string {
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${ago(now - state.startedAt)}`
    case 'paused':
      return `Up ${ago(now - state.startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${ago(now - state.finishedAt)} ago`
    case 'exited':
      return `Exited (${state.exitCode}) ${ago(now - state.finishedAt)} ago`
    case 'dead':
      return 'Dead'
  }
}

/** A length of time as Docker words it (go-units, HumanDuration). */
function ago(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.round(minutes / 60)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`
  return hours < 24 * 365 * 2 ? `${Math.floor(hours / 24 / 30)} months` : `${Math.floor(hours / 24 / 365)} years`
}
