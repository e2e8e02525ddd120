import { readFileSync } from 'node:fs'
import { capabilitiesFor } from './capabilities.ts'
import type { Container, HostConfig, MountPoint } from './model.ts'
import { resourcesFor } from './resources.ts'
import { seccompFor } from './seccomp.ts'
import type { User } from './user.ts'

/** What `specFor` cannot know from the record alone. */
export interface Surroundings {
  readonly rootfs: string
  readonly user: User
  /** Path of the network namespace; undefined for the host's own. */
  readonly networkNamespace: string | undefined
  /** Path of the container's cgroup below each controller, starting with "/". */
  readonly cgroupsPath: string
  /** Directory of generated `hosts`, `hostname` and `resolv.conf`. */
  readonly files: string
  readonly imageEnv: readonly string[]
}

/** runtime-spec, config.md, Mounts. */
interface Mount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** The OCI bundle configuration of a container (runtime-spec, config.md), with Docker's defaults. */
export function specFor(container: Container, around: Surroundings): object {
  const { config, hostConfig } = container
  const privileged = hostConfig.Privileged
  return {
    ociVersion: '1.0.2',
    root: { path: around.rootfs, readonly: hostConfig.ReadonlyRootfs },
    hostname: config.Hostname,
    process: processFor(container, around),
    mounts: mountsFor(container, around),
    linux: {
      cgroupsPath: around.cgroupsPath,
      namespaces: namespacesFor(hostConfig, around.networkNamespace),
      resources: resourcesFor(hostConfig),
      sysctl: sysctlsFor(hostConfig, around.networkNamespace),
      ...(!privileged && { maskedPaths, readonlyPaths }),
      ...seccomp(container),
    },
  }
}

/** The `process` section (runtime-spec, config.md, Process). */
function processFor(container: Container, { user, imageEnv }: Surroundings): object {
  const { config, hostConfig } = container
  return {
    terminal: config.Tty,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: [container.path, ...container.args],
    env: environment(config, user.home, imageEnv),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(hostConfig, user.uid),
    rlimits: hostConfig.Ulimits.map(({ Name, Soft, Hard }) => ({ type: `RLIMIT_${Name.toUpperCase()}`, soft: Soft, hard: Hard })),
    noNewPrivileges: hostConfig.SecurityOpt.some((option) => /^no-new-privileges([:=]true)?$/.test(option)),
    oomScoreAdj: Math.max(hostConfig.OomScoreAdj, ownOomScore()),
  }
}

/** Inheritable and ambient sets stay empty (CVE-2022-24769). */
export function capabilitySets(hostConfig: HostConfig, uid: number): object {
  const names = capabilitiesFor({ add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged: hostConfig.Privileged })
  return { bounding: names, permitted: uid === 0 ? names : [], effective: uid === 0 ? names : [] }
}

function ownOomScore(): number {
  return Number(readFileSync('/proc/self/oom_score_adj', 'utf8'))
}

/** The container's environment: Docker's own variables, then the given ones; the last of a name wins. */
export function environment(config: Container['config'], home: string, imageEnv: readonly string[]): string[] {
  const merged = new Map<string, string>()
  const base = [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `HOSTNAME=${config.Hostname}`,
    ...(config.Tty ? ['TERM=xterm'] : []),
  ]
  for (const entry of [...base, ...imageEnv, ...config.Env]) {
    const equals = entry.indexOf('=')
    if (equals > 0) merged.set(entry.slice(0, equals), entry)
    else merged.delete(entry)
  }
  if (!merged.has('HOME')) merged.set('HOME', `HOME=${home}`)
  return [...merged.values()]
}

function namespacesFor(hostConfig: HostConfig, networkNamespace: string | undefined): object[] {
  return [
    { type: 'mount' },
    ...(hostConfig.PidMode === 'host' ? [] : [{ type: 'pid' }]),
    ...(hostConfig.IpcMode === 'host' ? [] : [{ type: 'ipc' }]),
    ...(hostConfig.UTSMode === 'host' ? [] : [{ type: 'uts' }]),
    ...(networkNamespace === undefined ? [] : [{ type: 'network', path: networkNamespace }]),
  ]
}

function sysctlsFor(hostConfig: HostConfig, networkNamespace: string | undefined): Record<string, string> {
  // As Docker since 20.10: ports below 1024 and ping need no capability inside a container's own network.
  const own =
    networkNamespace === undefined ? {} : { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }
  return { ...own, ...hostConfig.Sysctls }
}

function seccomp({ hostConfig }: Container): { seccomp: object } | undefined {
  const given = hostConfig.SecurityOpt.map((option) => /^seccomp[:=](.*)$/s.exec(option)?.[1]).find((value) => value !== undefined)
  if (given === 'unconfined' || (hostConfig.Privileged && given === undefined)) return undefined
  const names = capabilitiesFor({ add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged: hostConfig.Privileged })
  return { seccomp: seccompFor(names, given === 'builtin' ? undefined : given) }
}

function mountsFor({ hostConfig, mounts }: Container, around: Surroundings): object[] {
  const system = hostConfig.Privileged ? 'rw' : 'ro'
  const covered = new Set(mounts.map((mount) => mount.destination))
  const generated = ['hosts', 'hostname', 'resolv.conf'].map((name) => bind(`${around.files}/${name}`, `/etc/${name}`, false))
  const standard: Mount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', system] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', system] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${hostConfig.ShmSize}`],
    },
    ...generated,
  ]
  return [...standard.filter(({ destination }) => !covered.has(destination)), ...mounts.toSorted(byDepth).map(userMount)]
}

function byDepth(a: MountPoint, b: MountPoint): number {
  return a.destination.split('/').length - b.destination.split('/').length
}

function userMount(mount: MountPoint): Mount {
  if (mount.type !== 'tmpfs') return bind(mount.source, mount.destination, mount.readOnly)
  const options = mount.options === undefined || mount.options === '' ? [] : mount.options.split(',')
  return { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'noexec', ...options] }
}

function bind(source: string, destination: string, readOnly: boolean): Mount {
  return { destination, type: 'bind', source, options: ['rbind', readOnly ? 'ro' : 'rw', 'rprivate'] }
}
