import { readFileSync } from 'node:fs'
import { apparmorProfileOf } from './apparmor.ts'
import { capabilitiesFor } from './capabilities.ts'
import { deviceNodes, devicesFor } from './devices.ts'
import { hiddenPaths } from './hidden-paths.ts'
import { hooksOf, injectedNodes, type Hooks, type Injected } from './injected-devices.ts'
import type { Container, HostConfig, MountPoint } from './model.ts'
import type { SharedMemory } from './namespaces.ts'
import { resourcesFor } from './resources.ts'
import { rlimitsFor } from './rlimits.ts'
import { initProgram, mountsFor, rootfsPropagation } from './spec-mounts.ts'
import { seccompOf } from './seccomp.ts'
import type { User } from './user.ts'

/** What `specFor` cannot know from the record alone. */
export interface Surroundings {
  readonly rootfs: string
  readonly user: User
  /** The `linux.namespaces` section. */
  readonly namespaces: readonly object[]
  readonly sharedMemory: SharedMemory
  /** Path of the container's cgroup below each controller, starting with "/". */
  readonly cgroupsPath: string
  /** Directory of generated `hosts`, `hostname` and `resolv.conf`. */
  readonly files: string
  /** Environment that its links to other containers give; the container's own comes after. */
  readonly linkEnv: readonly string[]
  /** Environment that the container's record does not have. */
  readonly secretEnv: readonly string[]
  /** What the devices add that the machine declares. */
  readonly injected: Injected
  /** What is really mounted for a mount. */
  readonly volumeSource: (mount: MountPoint) => string
}

/** An OCI configuration, the parts that others than the runtime look at. */
export interface Spec {
  readonly annotations: Readonly<Record<string, string>>
  readonly hooks?: Hooks
  readonly linux: { readonly seccomp: object | undefined }
}

/** The OCI bundle configuration of a container (runtime-spec, config.md), with Docker's defaults. */
export function specFor(container: Container, around: Surroundings): Spec {
  const { config, hostConfig } = container
  const { injected, user } = around
  const devices = [...devicesFor(hostConfig), ...injectedNodes(injected.nodes, user)]
  const spec = {
    ociVersion: '1.0.2',
    root: { path: around.rootfs, readonly: hostConfig.ReadonlyRootfs },
    ...(hostConfig.UTSMode !== 'host' && { hostname: config.Hostname }),
    annotations: hostConfig.Annotations,
    process: processFor(container, around),
    mounts: [...mountsFor(container, around), ...injected.mounts],
    ...(injected.hooks.length > 0 && { hooks: hooksOf(injected.hooks) }),
    linux: {
      cgroupsPath: around.cgroupsPath,
      namespaces: around.namespaces,
      devices: deviceNodes(devices),
      resources: resourcesFor(hostConfig, devices),
      sysctl: sysctlsFor(container),
      ...hiddenPaths(hostConfig),
      ...rootfsPropagation(container.mounts),
      seccomp: seccompOf(hostConfig),
    },
  }
  return spec
}

/** Rows and columns that a container's terminal has from its first moment on; none when nobody said. */
export function terminalSize(container: Container): readonly number[] {
  return container.terminalSize ?? container.hostConfig.ConsoleSize ?? []
}

/** The `process` section (runtime-spec, config.md, Process). */
function processFor(container: Container, { user, linkEnv, secretEnv, injected }: Surroundings): object {
  const { config, hostConfig } = container
  const [height = 0, width = 0] = terminalSize(container)
  return {
    terminal: config.Tty,
    ...(config.Tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids, ...injected.gids] },
    args: [...(hostConfig.Init ? [initProgram.container, '--'] : []), container.path, ...container.args],
    env: environment({ ...config, Env: [...config.Env, ...injected.env, ...secretEnv] }, user.home, linkEnv),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(hostConfig, user.uid),
    rlimits: rlimitsFor(hostConfig),
    noNewPrivileges: refusesPrivileges(hostConfig),
    ...apparmorProfileOf(hostConfig),
    oomScoreAdj: Math.max(hostConfig.OomScoreAdj, ownOomScore()),
  }
}

/** Whether programs with setuid bits or file capabilities give nothing inside (`--security-opt no-new-privileges`). */
export function refusesPrivileges({ SecurityOpt }: HostConfig): boolean {
  return SecurityOpt.some((option) => /^no-new-privileges([:=]true)?$/.test(option))
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
export function environment(config: Container['config'], home: string, linkEnv: readonly string[]): string[] {
  const merged = new Map<string, string>()
  const base = [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `HOSTNAME=${config.Hostname}`,
    ...(config.Tty ? ['TERM=xterm'] : []),
  ]
  for (const entry of [...base, ...linkEnv, ...config.Env]) {
    const equals = entry.indexOf('=')
    if (equals > 0) merged.set(entry.slice(0, equals), entry)
    else merged.delete(entry)
  }
  // An empty one is as good as none (runc, prepareEnv).
  if ((merged.get('HOME') ?? 'HOME=') === 'HOME=') merged.set('HOME', `HOME=${home}`)
  return [...merged.values()]
}

function sysctlsFor({ config, hostConfig }: Container): Record<string, string> {
  const { NetworkMode, UTSMode, Sysctls } = hostConfig
  // As Docker since 20.10: ports below 1024 and ping need no capability inside a container's own network.
  const network =
    NetworkMode === 'host' || NetworkMode.startsWith('container:')
      ? {}
      : { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }
  const domain = config.Domainname === '' || UTSMode === 'host' ? {} : { 'kernel.domainname': config.Domainname }
  return { ...network, ...domain, ...Sysctls }
}
