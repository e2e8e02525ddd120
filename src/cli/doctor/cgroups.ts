import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { failure, ok, warning, type Finding } from './finding.ts'
import { kernelPackage } from './kernel-package.ts'

const second = '/sys/fs/cgroup/cgroup.controllers'
const controllers = ['cpu', 'cpuset', 'memory', 'pids'] as const

/** Which cgroup layout is mounted, and whether the controllers that limits need are there. */
export function cgroups(mounts = readFileSync('/proc/self/mounts', 'utf8'), listed = readControllers()): Finding[] {
  const types = new Set(mounts.split('\n').map((line) => line.split(' ')[2]))
  if (!types.has('cgroup') && !types.has('cgroup2'))
    return [failure('no cgroup tree is mounted', 'mount -t cgroup2 cgroup2 /sys/fs/cgroup')]
  const kind = types.has('cgroup') ? (types.has('cgroup2') ? 'hybrid (version 1 is used)' : 'version 1') : 'version 2'
  return [ok(`cgroups: ${kind}`), moves(), ...controllers.map((name) => controller(name, listed))]
}

/** `favordynmods` came with Linux 6.0. */
function moves(): Finding {
  return Number(release().split('.')[0]) >= 6
    ? ok('the daemon has the kernel move processes between cgroups at once, for all programs (--quick-cgroups off forbids it)')
    : warning(
        'this kernel takes some milliseconds more to start a container or an exec session than Linux 6.0 would',
        `apt-get install ${kernelPackage}`,
      )
}

function controller(name: string, listed: ReadonlySet<string>): Finding {
  if (listed.has(name)) return ok(`cgroup controller ${name}`)
  const parameter = name === 'memory' ? 'cgroup_enable=memory swapaccount=1' : `cgroup_enable=${name}`
  return failure(
    `the cgroup controller ${name} is missing`,
    `add ${parameter} to GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and reboot`,
  )
}

/** Enabled ones. Version 2 lists them at its root; what /proc/cgroups says there is no longer meant to be read. */
function readControllers(): ReadonlySet<string> {
  if (existsSync(second)) return new Set(readFileSync(second, 'utf8').trim().split(' '))
  const rows = readFileSync('/proc/cgroups', 'utf8').trim().split('\n').slice(1)
  return new Set(rows.map((row) => row.split('\t')).flatMap(([name = '', , , enabled]) => (enabled === '1' ? [name] : [])))
}
