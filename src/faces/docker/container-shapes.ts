import { humanDuration } from '#base/human-duration.ts'
import { profileNameOf } from '#engine/containers/apparmor.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container, Health, MountPoint } from '#engine/containers/model.ts'
import { shownPaths } from '#engine/containers/hidden-paths.ts'
import { parseLink } from '#engine/containers/links.ts'
import { normalPath } from '#engine/containers/mount-requests.ts'
import { logSpec } from '#engine/containers/start.ts'
import { isRunning } from '#engine/containers/status.ts'
import { endpointSettings, networkSettings, portList } from './network-shapes.ts'

/** Go's zero time, which clients take for "never". */
const never = '0001-01-01T00:00:00Z'

function time(milliseconds: number): string {
  return milliseconds === 0 ? never : new Date(milliseconds).toISOString()
}

/** `GET /containers/{id}/json` (Engine API 1.51, ContainerInspectResponse), for a client of version 1.`minor`. */
export function inspect(engine: Engine, container: Container, minor: number): object {
  const { state, config, hostConfig } = container
  return {
    Id: container.id,
    Created: time(container.created),
    Path: container.path,
    Args: container.args,
    State: {
      Status: state.status,
      Running: isRunning(container),
      Paused: state.status === 'paused',
      Restarting: state.status === 'restarting',
      OOMKilled: state.oomKilled,
      Dead: state.status === 'dead',
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: time(state.startedAt),
      FinishedAt: time(state.finishedAt),
      ...(state.health !== undefined && { Health: health(state.health) }),
    },
    Image: container.image,
    ResolvConfPath: filePath(engine, container, 'resolv.conf'),
    HostnamePath: filePath(engine, container, 'hostname'),
    HostsPath: filePath(engine, container, 'hosts'),
    LogPath: hostConfig.LogConfig.Type === 'json-file' ? (logSpec(engine, container)?.path ?? '') : '',
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: state.startedAt === 0 ? '' : profileNameOf(hostConfig),
    ExecIDs: execIds(engine, container.id),
    HostConfig: { ...hostConfig, ...shownPaths(hostConfig), Links: linksOf(container) },
    GraphDriver: {
      Name: 'overlay2',
      Data: {
        MergedDir: filePath(engine, container, 'merged'),
        UpperDir: filePath(engine, container, 'upper'),
        WorkDir: filePath(engine, container, 'work'),
      },
    },
    Mounts: shownMounts(container),
    Config: { ...config, Volumes: Object.keys(config.Volumes).length === 0 ? null : config.Volumes },
    NetworkSettings: networkSettings(container, engine.networks, minor),
  }
}

function health({ status, failingStreak, log }: Health): object {
  const probes = log.map(({ start, end, exitCode, output }) => ({
    Start: time(start),
    End: time(end),
    ExitCode: exitCode,
    Output: output,
  }))
  return { Status: status, FailingStreak: failingStreak, Log: probes }
}

function filePath(engine: Engine, { id }: Container, name: string): string {
  return `${engine.data}/containers/${id}/${name}`
}

function execIds(engine: Engine, id: string): string[] | null {
  const ids = engine.execs.of(id).map((exec) => exec.id)
  return ids.length === 0 ? null : ids
}

/** What `--tmpfs` asks for is in the configuration alone, as in Docker. */
function shownMounts({ hostConfig, mounts }: Container): object[] {
  const plain = new Set(Object.keys(hostConfig.Tmpfs).map(normalPath))
  return mounts.filter(({ type, destination }) => type !== 'tmpfs' || !plain.has(destination)).map(mountPoint)
}

function mountPoint(mount: MountPoint): object {
  return {
    Type: mount.type,
    ...(mount.name !== undefined && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.type === 'volume' && { Driver: 'local' }),
    Mode: mount.mode ?? (mount.readOnly ? 'ro' : ''),
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  }
}

/** As Docker shows them: `/other:/container/alias`. */
function linksOf({ name, hostConfig }: Container): string[] | null {
  if (hostConfig.Links.length === 0) return null
  return hostConfig.Links.map(parseLink).map((link) => `/${link.name}:/${name}/${link.alias}`)
}

/** The name that the container was created with, while its image has it; else the image's id. */
function imageName(engine: Engine, { config, image }: Container): string {
  try {
    return engine.images.resolve(config.Image).id === image ? config.Image : image
  } catch {
    return image
  }
}

interface Listed {
  /** See `aliasesOf`. */
  readonly aliases?: ReadonlyMap<string, readonly string[]>
  /** The client's API: 1.46 has annotations. */
  readonly minor?: number
}

/** What links make of names, by a container's own: `/other/alias`. */
export function aliasesOf(engine: Engine): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { name: holder, hostConfig } of engine.containers.list())
    for (const { name, alias } of hostConfig.Links.map(parseLink)) found.set(name, [...(found.get(name) ?? []), `/${holder}/${alias}`])
  return found
}

/** A row of `GET /containers/json` (Engine API 1.51, ContainerSummary). */
export function summary(engine: Engine, container: Container, { aliases, minor }: Listed = {}): object {
  const { config, hostConfig, state } = container
  const named = aliases?.get(container.name) ?? []
  return {
    Id: container.id,
    Names: [`/${container.name}`, ...named],
    Image: imageName(engine, container),
    ImageID: container.image,
    Command: [container.path, ...container.args].join(' '),
    Created: Math.floor(container.created / 1000),
    Ports: portList(container),
    Labels: config.Labels,
    State: state.status,
    Status: statusText(engine.clock.now(), container),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode,
      ...(minor !== undefined && minor >= 46 && { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: endpointSettings(container, engine.networks) },
    Mounts: shownMounts(container),
  }
}

function statusText(now: number, { state }: Container): string {
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${humanDuration(now - state.startedAt)}${healthText(state.health)}`
    case 'paused':
      return `Up ${humanDuration(now - state.startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${humanDuration(now - state.finishedAt)} ago`
    case 'exited':
      return `Exited (${state.exitCode}) ${humanDuration(now - state.finishedAt)} ago`
    case 'dead':
      return 'Dead'
  }
}

function healthText(found: Health | undefined): string {
  if (found === undefined) return ''
  return found.status === 'starting' ? ' (health: starting)' : ` (${found.status})`
}
