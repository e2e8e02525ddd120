import { mkdirSync, statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { Engine } from './engine.ts'
import type { ContainerConfig, HostConfig, MountPoint, MountRequest } from './model.ts'

/** Resolves binds, mounts, tmpfs and the image's declared volumes; later kinds give way to earlier ones of the same target. */
export async function resolveMounts(engine: Engine, config: ContainerConfig, hostConfig: HostConfig): Promise<MountPoint[]> {
  const requests: { request: MountRequest; options?: string; createSource: boolean }[] = [
    ...hostConfig.Binds.map((bind) => ({ request: parseBind(bind), createSource: true })),
    ...hostConfig.Mounts.map((request) => ({ request, createSource: false })),
    ...Object.entries(hostConfig.Tmpfs).map(([Target, options]) => ({
      request: { Type: 'tmpfs' as const, Target },
      options,
      createSource: false,
    })),
  ]
  const taken = new Set(requests.map(({ request }) => request.Target))
  for (const Target of Object.keys(config.Volumes))
    if (!taken.has(Target)) requests.push({ request: { Type: 'volume', Target }, createSource: false })
  const points: MountPoint[] = []
  for (const { request, options, createSource } of requests) points.push(await resolve(engine, request, { options, createSource }))
  const doubled = points.find((point, index) => points.findIndex((other) => other.destination === point.destination) !== index)
  if (doubled !== undefined) throw new GalleyError('invalid', `Duplicate mount point: ${doubled.destination}`)
  return points
}

/** `source:target[:mode]`, as `-v` sends it. */
function parseBind(text: string): MountRequest {
  const [source = '', target, mode = '', ...rest] = text.split(':')
  if (target === undefined || rest.length > 0 || !target.startsWith('/'))
    throw new GalleyError('invalid', `invalid volume specification: '${text}'`, { subject: text })
  const known = new Set(['', 'ro', 'rw', 'z', 'Z', 'rprivate', 'private', 'nocopy'])
  const options = mode.split(',')
  const unknown = options.find((option) => !known.has(option))
  if (unknown !== undefined)
    throw new GalleyError('not implemented', `mount option "${unknown}" is not implemented by Galley`, { subject: text })
  return { Type: source.startsWith('/') ? 'bind' : 'volume', Source: source, Target: target, ReadOnly: options.includes('ro') }
}

async function resolve(
  engine: Engine,
  request: MountRequest,
  how: { options: string | undefined; createSource: boolean },
): Promise<MountPoint> {
  const destination = request.Target
  const readOnly = request.ReadOnly ?? false
  if (!destination.startsWith('/') || destination === '/')
    throw new GalleyError('invalid', `invalid mount path: '${destination}' mount path must be absolute`)
  if (request.Type === 'tmpfs')
    return { type: 'tmpfs', source: '', destination, readOnly, ...(how.options !== undefined && { options: how.options }) }
  if (request.Type === 'volume') {
    const { name, path } = await engine.volumes.ensure(request.Source || undefined)
    return { type: 'volume', name, source: path, destination, readOnly }
  }
  return { type: 'bind', source: bindSource(request.Source ?? '', how.createSource), destination, readOnly }
}

/** `-v` makes a missing directory, `--mount` refuses, as in Docker. */
function bindSource(source: string, createSource: boolean): string {
  if (statSync(source, { throwIfNoEntry: false }) === undefined) {
    if (!createSource)
      throw new GalleyError('invalid', `invalid mount config for type "bind": bind source path does not exist: ${source}`, {
        subject: source,
      })
    mkdirSync(source, { recursive: true })
  }
  return source
}
