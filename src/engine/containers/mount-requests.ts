import { GalleyError } from '#base/error.ts'
import type { MountPoint, MountRequest, Propagation } from './model.ts'
import { makesReadOnlyBelow } from './spec-mounts.ts'

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']
/** Options of `-v`; labels of security modules and Mac caching hints change nothing here, as in Docker. */
const known = new Set(['ro', 'rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated', ...propagations])

/** A mount of `-v`, with its options as they were given. */
export type Bind = MountRequest & { readonly Mode?: string }

/** `[source:]target[:options]`, as `-v` sends it. Throws `invalid`. */
export function parseBind(text: string): Bind {
  const parts = text.split(':')
  const invalid = (): GalleyError => new GalleyError('invalid', `invalid volume specification: '${text}'`, { subject: text })
  if (parts.length > 3 || parts.includes('')) throw invalid()
  const [source, target, mode = ''] = parts.length === 1 ? [undefined, parts[0] ?? ''] : [parts[0], parts[1] ?? '', parts[2]]
  if (!target.startsWith('/')) {
    const type = source?.startsWith('/') === true ? 'bind' : 'volume'
    const why = `invalid mount config for type "${type}": invalid mount path: '${target}' mount path must be absolute`
    throw new GalleyError('invalid', `invalid volume specification: '${text}': ${why}`, {
      subject: text,
      advice: `A path inside a container begins with a slash: /${target}`,
    })
  }
  if (target.replace(/\/+$/, '') === '')
    throw new GalleyError('invalid', `invalid volume specification: '${text}': destination can't be '/'`)
  const options = mode === '' ? [] : mode.split(',')
  const wrong = options.find((option) => !known.has(option))
  if (wrong !== undefined || (options.includes('ro') && options.includes('rw')))
    throw new GalleyError('invalid', `invalid mode: ${mode}`, { subject: text })
  const common = { Target: normalPath(target), ReadOnly: options.includes('ro'), ...(mode !== '' && { Mode: mode }) }
  const propagation = options.find((option) => propagations.includes(option)) as Propagation | undefined
  if (source?.startsWith('/') !== true) {
    if (propagation !== undefined)
      throw new GalleyError('invalid', 'invalid mount config for type "volume": field BindOptions must not be specified', { subject: text })
    return {
      ...common,
      Type: 'volume',
      ...(source !== undefined && { Source: source }),
      VolumeOptions: { NoCopy: options.includes('nocopy') },
    }
  }
  if (options.includes('nocopy')) throw new GalleyError('invalid', `invalid mode: ${mode}`, { subject: text })
  return {
    ...common,
    Type: 'bind',
    Source: source,
    BindOptions: { CreateMountpoint: true, ...(propagation !== undefined && { Propagation: propagation }) },
  }
}

/** What programs put in the place of the kernel's own answers, as lxcfs does (runc, checkProcMount). */
const procFiles: ReadonlySet<string> = new Set(
  'cpuinfo diskstats loadavg meminfo net/dev slabinfo stat swaps sys/crypto/fips_enabled sys/kernel/ns_last_pid uptime'
    .split(' ')
    .map((name) => `/proc/${name}`),
)

/** What lies over the kernel's own files there would take their protection away. Throws `invalid`, as Docker's runtime words it. */
export function checkProc({ type, source, destination }: MountPoint): void {
  const isOfProc = type === 'bind' && /^\/proc(\/|$)/.test(source)
  if (destination === '/proc' ? isOfProc : !destination.startsWith('/proc/') || procFiles.has(destination)) return
  const why = destination === '/proc' ? 'it is not of type proc' : 'it is inside /proc'
  throw new GalleyError('invalid', `"${destination}" cannot be mounted because ${why}`, { subject: destination })
}

/** What is wrong with a mount of each type, if anything. */
const faults: Readonly<Record<MountRequest['Type'], (request: MountRequest) => string | undefined>> = {
  bind: ({ Source = '', VolumeOptions, TmpfsOptions, BindOptions }) => {
    if (Source === '') return 'field Source must not be empty'
    if (!Source.startsWith('/')) return `invalid mount path: '${Source}' mount path must be absolute`
    if (VolumeOptions !== undefined) return 'field VolumeOptions must not be specified'
    if (TmpfsOptions !== undefined) return 'field TmpfsOptions must not be specified'
    const propagation = BindOptions?.Propagation ?? ''
    return propagation === '' || propagations.includes(propagation) ? undefined : `invalid propagation mode: ${propagation}`
  },
  volume: ({ Source = '', ReadOnly, BindOptions, TmpfsOptions, VolumeOptions }) => {
    if (BindOptions !== undefined) return 'field BindOptions must not be specified'
    if (TmpfsOptions !== undefined) return 'field TmpfsOptions must not be specified'
    if (Source === '' && ReadOnly === true) return 'must not set ReadOnly mode when using anonymous volumes'
    if (VolumeOptions?.Subpath && Source === '') return 'must not set Subpath when using anonymous volumes'
    return VolumeOptions?.Subpath && !isLocal(VolumeOptions.Subpath) ? 'subpath must be a relative path within the volume' : undefined
  },
  tmpfs: ({ Source = '', BindOptions, VolumeOptions }) => {
    if (BindOptions !== undefined) return 'field BindOptions must not be specified'
    if (Source !== '') return 'field Source must not be specified'
    return VolumeOptions === undefined ? undefined : 'field VolumeOptions must not be specified'
  },
  image: ({ Source = '', BindOptions, VolumeOptions, TmpfsOptions, ImageOptions }) => {
    if (Source === '') return 'field Source must not be empty'
    if (BindOptions !== undefined) return 'field BindOptions must not be specified'
    if (VolumeOptions !== undefined) return 'field VolumeOptions must not be specified'
    if (TmpfsOptions !== undefined) return 'field TmpfsOptions must not be specified'
    return ImageOptions?.Subpath && !isLocal(ImageOptions.Subpath) ? 'subpath must be a relative path within the image' : undefined
  },
}

/** Checks one of `Mounts`. Throws `invalid` with Docker's wording, `not implemented` for other types. */
export function checkMount(request: MountRequest): MountRequest {
  const { Type, Target } = request
  if (!Object.hasOwn(faults, Type)) {
    const kind = ['npipe', 'cluster'].includes(Type) ? 'not implemented' : 'invalid'
    const why = kind === 'invalid' ? `mount type unknown: "${String(Type)}"` : `mounts of type "${Type}" are not implemented by Galley`
    throw new GalleyError(kind, why, { code: 'container.unsupported-option', subject: Type })
  }
  const fault = target(Target) ?? faults[Type](given(request))
  if (fault !== undefined) throw new GalleyError('invalid', `invalid mount config for type "${Type}": ${fault}`, { subject: Target })
  if (request.BindOptions?.ReadOnlyForceRecursive === true) checkForced(request.BindOptions)
  return { ...given(request), Target: normalPath(Target) }
}

/** `bind-recursive=readonly`: read-only with all that is mounted below is the rule; here it must not be given up silently. */
function checkForced({ ReadOnlyNonRecursive }: NonNullable<MountRequest['BindOptions']>): void {
  if (ReadOnlyNonRecursive === true)
    throw new GalleyError('invalid', 'mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive')
  if (!makesReadOnlyBelow) throw new GalleyError('unavailable', 'recursive read-only mounts need Linux 5.12 or newer')
}

/** Without the fields that a client sent as null. */
function given(request: MountRequest): MountRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null)) as unknown as MountRequest
}

function target(path: string): string | undefined {
  if (!path) return 'field Target must not be empty'
  if (!path.startsWith('/')) return `invalid mount path: '${path}' mount path must be absolute`
  return normalPath(path) === '/' ? "invalid specification: destination can't be '/'" : undefined
}

function isLocal(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..')
}

/** Without doubled or trailing slashes, `.` and `..`. */
export function normalPath(path: string): string {
  const done: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') done.pop()
    else if (part !== '' && part !== '.') done.push(part)
  }
  return `/${done.join('/')}`
}
