import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { failure, ok, warning, type Finding } from './finding.ts'
import { kernelPackage } from './kernel-package.ts'
import { overlay } from './overlay.ts'

/** What containers need of the kernel, told by files that are there only with the feature. */
const features = [
  { name: 'PID namespaces', file: '/proc/self/ns/pid' },
  { name: 'network namespaces', file: '/proc/self/ns/net' },
  { name: 'mount namespaces', file: '/proc/self/ns/mnt' },
  { name: 'IPC namespaces', file: '/proc/self/ns/ipc' },
  { name: 'seccomp', file: '/proc/sys/kernel/seccomp/actions_avail' },
] as const

export function kernel(): Finding[] {
  return [version(), overlay(), ...features.map(feature), forwarding(), ipv6(), capability(), openFiles()]
}

/** openat2(2), which paths inside containers are resolved with, came with Linux 5.6. */
function version(): Finding {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 6)
    ? ok(`Linux ${release()}`)
    : failure(`Linux ${release()} is older than 5.6`, `install a newer kernel: apt-get install ${kernelPackage}`)
}

function feature({ name, file }: (typeof features)[number]): Finding {
  return existsSync(file) ? ok(`the kernel has ${name}`) : failure(`the kernel lacks ${name}`, `boot a kernel that has ${name} compiled in`)
}

function forwarding(): Finding {
  const path = '/proc/sys/net/ipv4/ip_forward'
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '1'
    ? ok('IPv4 forwarding is on')
    : warning('IPv4 forwarding is off; the daemon switches it on when it starts', 'sysctl -w net.ipv4.ip_forward=1')
}

function ipv6(): Finding {
  return existsSync('/proc/sys/net/ipv6')
    ? ok('networks can have IPv6')
    : warning('the kernel has no IPv6: networks that ask for it are refused', 'boot without ipv6.disable=1')
}

function capability(): Finding {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`)
  const sysResource = 24n
  return ((mask >> sysResource) & 1n) === 1n
    ? ok('all capabilities that containers ask for can be given')
    : warning(
        "CAP_SYS_RESOURCE is withheld from root here: limits cannot be raised above the host's own",
        'run Galley where the capability is granted',
      )
}

/** A container costs the keeper four descriptors, a published port one. */
function openFiles(): Finding {
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0)
  const enough = 4096
  return hard >= enough || hard === 0
    ? ok(`${hard === 0 ? 'any number of' : hard} open files a process`)
    : warning(`only ${hard} open files a process`, 'ulimit -n 65536, or LimitNOFILE=65536 in the unit')
}
