import { statSync } from 'node:fs'
import { release } from 'node:os'
import type { Container, HostConfig, MountPoint } from './model.ts'
import type { SharedMemory } from './namespaces.ts'

/** runtime-spec, config.md, Mounts. */
export interface Mount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

const init = { host: '/usr/bin/tini-static', container: '/sbin/docker-init' } as const

/** Where the init that reaps orphans is in a container, and on the host. */
export { init as initProgram }

/** The `mounts` section: the system's own, generated files under /etc, then the container's, parents before children. */
export function mountsFor(
  { hostConfig, mounts }: Container,
  {
    files,
    sharedMemory,
    volumeSource,
  }: {
    /** Directory of generated `hosts`, `hostname` and `resolv.conf`. */
    readonly files: string
    readonly sharedMemory: SharedMemory
    /** What is really mounted for a mount: its source, or the part of it that was asked for. */
    readonly volumeSource: (mount: MountPoint) => string
  },
): Mount[] {
  const covered = new Set(mounts.map((mount) => mount.destination))
  // Over what the container brings for /etc, as a volume there would hide them.
  const generated = ['hosts', 'hostname', 'resolv.conf']
    .filter((name) => !covered.has(`/etc/${name}`))
    .map((name) => bind(`${files}/${name}`, `/etc/${name}`, hostConfig.ReadonlyRootfs))
  const standard = [
    ...systemMounts(hostConfig.Privileged ? 'rw' : 'ro', writesCgroups(hostConfig) ? 'rw' : 'ro'),
    ...shmMount(sharedMemory, hostConfig.ShmSize),
    ...(hostConfig.Init ? [bind(init.host, init.container, true)] : []),
  ]
  const own = mounts.map((mount) => userMount(mount, volumeSource(mount)))
  return [...standard.filter(({ destination }) => !covered.has(destination)), ...[...own, ...generated].toSorted(byDepth)]
}

/** `--security-opt writable-cgroups`: groups of its own below the container's, as another container engine inside makes them. */
function writesCgroups({ Privileged, SecurityOpt }: HostConfig): boolean {
  const asked = SecurityOpt.findLast((option) => /^writable-cgroups\b/.test(option))
  return asked === undefined ? Privileged : !/[=:]false$/.test(asked)
}

/** What is mounted on either side comes to the other only where the whole tree that the container starts from lets it through. */
export function rootfsPropagation(mounts: readonly MountPoint[]): { readonly rootfsPropagation?: 'shared' | 'rslave' } {
  const wanted = mounts.map(({ propagation = 'rprivate' }) => propagation)
  if (wanted.some((one) => one.endsWith('shared'))) return { rootfsPropagation: 'shared' }
  return wanted.some((one) => one.endsWith('slave')) ? { rootfsPropagation: 'rslave' } : {}
}

function systemMounts(system: 'rw' | 'ro', groups: 'rw' | 'ro'): Mount[] {
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', system] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', groups] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  ]
}

function shmMount(memory: SharedMemory, size: number): Mount[] {
  if (memory.kind === 'none') return []
  if (memory.kind === 'bind') return [bind(memory.source, '/dev/shm', false)]
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${size}`]
  return [{ destination: '/dev/shm', type: 'tmpfs', source: 'shm', options }]
}

function byDepth(a: Mount, b: Mount): number {
  return a.destination.split('/').length - b.destination.split('/').length
}

function userMount(mount: MountPoint, source: string): Mount {
  if (mount.type === 'tmpfs') {
    const options = mount.options === undefined || mount.options === '' ? [] : mount.options.split(',')
    const writable = mount.readOnly ? ['ro'] : []
    return {
      destination: mount.destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'noexec', ...options, ...writable],
    }
  }
  const { options, ...rest } = bind(source, mount.destination, mount.readOnly)
  const [, access = 'rw'] = isReadOnlyBelow(mount) && isDirectory(source) ? ['', 'rro'] : options
  const propagation = mount.propagation ?? 'rprivate'
  // To crun 1.8, a propagation of all below makes the whole bind one; of a single mount the two mean the same.
  const how = mount.nonRecursive === true ? ['bind', access, propagation.replace(/^r/, '')] : ['rbind', access, propagation]
  return { ...rest, options: how }
}

/** Nothing is mounted below anything else, and crun 1.8 takes a recursive option for directories alone. */
function isDirectory(source: string): boolean {
  return statSync(source, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Older kernels know no such mount (mount_setattr, Linux 5.12); Docker leaves what is below writable there, too. */
const [major = 0, minor = 0] = release().split('.').map(Number)
export const makesReadOnlyBelow = major > 5 || (major === 5 && minor >= 12)

function isReadOnlyBelow({ type, readOnly, nonRecursive, writableBelow }: MountPoint): boolean {
  return type === 'bind' && readOnly && nonRecursive !== true && writableBelow !== true && makesReadOnlyBelow
}

function bind(source: string, destination: string, readOnly: boolean): Mount {
  return { destination, type: 'bind', source, options: ['rbind', readOnly ? 'ro' : 'rw', 'rprivate'] }
}
