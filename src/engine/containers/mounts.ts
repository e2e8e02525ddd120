import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import { newId } from '#base/id.ts'
import type { Draft } from './drafts.ts'
import type { Engine } from './engine.ts'
import { checkMount, checkProc, normalPath, parseBind } from './mount-requests.ts'
import type { ContainerConfig, HostConfig, MountPoint, MountRequest, Propagation } from './model.ts'
import { otherContainer } from './other-container.ts'
import { tmpfsOptions } from './tmpfs-options.ts'

/** A container that is being made. */
interface Making {
  readonly engine: Engine
  readonly draft: Draft
}

/**
 * Resolves binds, mounts, tmpfs, other containers' volumes and the image's declared ones; of the same target, another
 * container's and the image's give way. What they need is in the draft at once. Throws `invalid` with Docker's wording.
 */
export async function resolveMounts(making: Making, config: ContainerConfig, hostConfig: HostConfig): Promise<MountPoint[]> {
  const { engine, draft } = making
  const points: MountPoint[] = []
  for (const bind of hostConfig.Binds.map(parseBind))
    points.push(await resolve(making, withDriver(bind, hostConfig.VolumeDriver), bind.Mode))
  for (const request of hostConfig.Mounts) points.push(await resolve(making, checkMount(request)))
  for (const [Target, options] of Object.entries(hostConfig.Tmpfs))
    points.push({ ...(await resolve(making, checkMount({ Type: 'tmpfs', Target }))), options: tmpfsOptions(options) })
  const doubled = points.find((point, index) => points.findIndex((other) => other.destination === point.destination) !== index)
  if (doubled !== undefined) throw new GalleyError('invalid', `Duplicate mount point: ${doubled.destination}`)
  const taken = new Set(points.map(({ destination }) => destination))
  // Of several containers that have a volume at the same place, the last one counts.
  const others = new Map(hostConfig.VolumesFrom.flatMap((text) => volumesOf(engine, text)).map((point) => [point.destination, point]))
  for (const point of others.values()) {
    if (taken.has(point.destination)) continue
    taken.add(point.destination)
    if (point.name !== undefined) draft.volumes.add(point.name)
    points.push(point)
  }
  for (const Target of new Set(Object.keys(config.Volumes).map(normalPath)))
    if (!taken.has(Target)) points.push(await resolve(making, withDriver({ Type: 'volume', Target }, hostConfig.VolumeDriver), ''))
  points.forEach(checkProc)
  return points
}

/** `--volume-driver` is for the volumes of `-v` and of the image, none of which may need one (moby, daemon/volumes.go). */
function withDriver(request: MountRequest, Name: string): MountRequest {
  return request.Type !== 'volume' || Name === ''
    ? request
    : { ...request, VolumeOptions: { ...request.VolumeOptions, DriverConfig: { Name } } }
}

/** `container[:ro|rw]`: the mounts of another container, but for its tmpfs. */
function volumesOf(engine: Engine, text: string): MountPoint[] {
  const [, name = '', mode] = /^(.*?)(?::([^:]*))?$/.exec(text) ?? []
  if (mode !== undefined && !['ro', 'rw', 'z', 'Z'].includes(mode))
    throw new GalleyError('invalid', `invalid mode: ${mode}`, { subject: text })
  return otherContainer(engine, name)
    .mounts.filter(({ type }) => type !== 'tmpfs')
    .map((point) => ({
      ...point,
      readOnly: point.readOnly || mode === 'ro',
      ...(mode !== undefined && { mode }),
      // What this container's image holds there is not for the other one.
      ...(point.type === 'volume' && { noCopy: true }),
    }))
}

/** `mode` is what inspection shows; a volume that says nothing is one that containers share (moby, setBindModeIfNull). */
async function resolve(making: Making, request: MountRequest, mode = request.Type === 'volume' ? 'z' : ''): Promise<MountPoint> {
  const common = { destination: request.Target, readOnly: request.ReadOnly ?? false, mode }
  switch (request.Type) {
    case 'tmpfs':
      return { ...common, type: 'tmpfs', source: '', options: tmpfsOptions('', request.TmpfsOptions) }
    case 'volume':
      return resolveVolume(making, request, common)
    case 'bind':
      return resolveBind(request, common)
    case 'image':
      return resolveImage(making, request, common)
  }
}

type Common = Pick<MountPoint, 'destination' | 'readOnly' | 'mode'>

async function resolveVolume(
  { engine, draft }: Making,
  { Source, VolumeOptions: wishes = {} }: MountRequest,
  common: Common,
): Promise<MountPoint> {
  const wanted = Source || newId()
  draft.volumes.add(wanted)
  const driver = wishes.DriverConfig?.Name || 'local'
  const volume = engine.volumes.ensure(wanted, {
    anonymous: !Source,
    driver,
    labels: wishes.Labels ?? {},
    options: wishes.DriverConfig?.Options ?? {},
  })
  const { name, path, readOnly } = await volume.catch(notTheImage)
  return {
    ...common,
    readOnly: common.readOnly || readOnly,
    type: 'volume',
    name,
    source: path,
    ...(wishes.NoCopy === true && { noCopy: true }),
    ...(wishes.Subpath && { subpath: wishes.Subpath }),
  }
}

/** A driver that is not there is no `not found`: clients would pull the container's own image then. */
function notTheImage(cause: unknown): never {
  throw kindOf(cause) === 'not found' ? new GalleyError('invalid', messageOf(cause), { cause }) : cause
}

/** What a container writes there is its own, and goes with it. As for drivers, not `not found`. */
function resolveImage({ engine, draft }: Making, { Source = '', ImageOptions: wishes = {} }: MountRequest, common: Common): MountPoint {
  try {
    const { id } = engine.images.resolve(Source)
    draft.images.add(id)
    return { ...common, type: 'image', source: id, ...(wishes.Subpath && { subpath: wishes.Subpath }) }
  } catch (cause) {
    throw new GalleyError('invalid', `invalid mount config for type "image": ${messageOf(cause)}`, { subject: Source, cause })
  }
}

/** `-v` and `bind-create-src` make a missing directory, `--mount` refuses, as in Docker. */
function resolveBind({ Source = '', BindOptions: wishes = {} }: MountRequest, common: Common): MountPoint {
  if (statSync(Source, { throwIfNoEntry: false }) === undefined) {
    if (wishes.CreateMountpoint !== true)
      throw new GalleyError('invalid', `invalid mount config for type "bind": bind source path does not exist: ${Source}`, {
        subject: Source,
      })
    mkdirSync(Source, { recursive: true })
  }
  const propagation = wishes.Propagation || 'rprivate'
  checkPropagation(Source, propagation)
  return {
    ...common,
    type: 'bind',
    source: Source,
    propagation,
    ...(wishes.NonRecursive === true && { nonRecursive: true }),
    ...(wishes.ReadOnlyNonRecursive === true && { writableBelow: true }),
  }
}

/** Mounts can only be passed on from where the host passes them on. */
function checkPropagation(source: string, propagation: Propagation): void {
  if (propagation.endsWith('private')) return
  const needed = propagation.endsWith('shared') ? ['shared:'] : ['shared:', 'master:']
  const { mountPoint, tags } = mountOf(source)
  if (tags.some((tag) => needed.some((start) => tag.startsWith(start)))) return
  const kind = needed.length === 1 ? 'a shared mount' : 'a shared or slave mount'
  throw new GalleyError('invalid', `path ${source} is mounted on ${mountPoint} but it is not ${kind}`, {
    subject: source,
    advice: `mount --make-rshared ${mountPoint}`,
  })
}

/** The mount that a path lies on (proc_pid_mountinfo(5)), and its optional fields. */
function mountOf(path: string): { mountPoint: string; tags: readonly string[] } {
  const holds = (point: string): boolean => point === '/' || path === point || path.startsWith(`${point}/`)
  const rows = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
    .map((fields) => ({ mountPoint: fields[4] ?? '/', tags: fields.slice(6, fields.indexOf('-')) }))
    .filter(({ mountPoint }) => holds(mountPoint))
  return rows.reduce((best, row) => (row.mountPoint.length >= best.mountPoint.length ? row : best), {
    mountPoint: '/',
    tags: [] as string[],
  })
}
