import { accessSync, readFileSync, statfsSync } from 'node:fs'

interface Finding {
  readonly level: 'ok' | 'warning' | 'failure'
  readonly what: string
  /** One line that mends it. */
  readonly fix?: string
}

const marks = { ok: '√', warning: '‼', failure: '×' } as const

/** `galley doctor`: what this machine has and lacks. Exit 6 when something essential is missing. */
export async function doctor(): Promise<number> {
  const findings = [kernel(), cgroups(), ...programs(), capability(), disk()]
  for (const { level, what, fix } of findings) process.stdout.write(`${marks[level]} ${what}${fix === undefined ? '' : `\n    ${fix}`}\n`)
  return findings.some(({ level }) => level === 'failure') ? 6 : 0
}

function kernel(): Finding {
  const overlay = /\boverlay\b/.test(readFileSync('/proc/filesystems', 'utf8'))
  return overlay
    ? { level: 'ok', what: 'the kernel has overlayfs' }
    : { level: 'failure', what: 'the kernel lacks overlayfs', fix: 'modprobe overlay' }
}

function cgroups(): Finding {
  const types = new Set(
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[2]),
  )
  const kind = types.has('cgroup') ? (types.has('cgroup2') ? 'hybrid (version 1 is used)' : 'version 1') : 'version 2'
  return types.has('cgroup') || types.has('cgroup2')
    ? { level: 'ok', what: `cgroups: ${kind}` }
    : { level: 'failure', what: 'no cgroup tree is mounted', fix: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup' }
}

function programs(): Finding[] {
  const needed = [
    ['/usr/bin/crun', 'crun'],
    ['/usr/sbin/nft', 'nftables'],
    ['/usr/bin/busybox', 'busybox-static'],
    ['/usr/share/containers/seccomp.json', 'golang-github-containers-common'],
  ] as const
  return needed.map(([path, name]) =>
    exists(path)
      ? { level: 'ok', what: `${name} is installed` }
      : { level: 'failure', what: `${path} is missing`, fix: `apt-get install -y --no-install-recommends ${name}` },
  )
}

function capability(): Finding {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`)
  const sysResource = 24n
  return (mask >> sysResource) & 1n
    ? { level: 'ok', what: 'all capabilities that containers ask for can be given' }
    : {
        level: 'warning',
        what: "CAP_SYS_RESOURCE is withheld from root here: limits cannot be raised above the host's own",
        fix: 'run Galley where the capability is granted',
      }
}

function disk(): Finding {
  const { bavail, bsize } = statfsSync('/var/lib')
  const free = Math.floor((bavail * bsize) / 2 ** 30)
  return free >= 5
    ? { level: 'ok', what: `${free} GiB free for images` }
    : { level: 'warning', what: `only ${free} GiB free under /var/lib`, fix: 'galley daemon --data DIR puts the data elsewhere' }
}

function exists(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
