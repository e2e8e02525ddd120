import { once } from 'node:events'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { architectures, isNative, type Architecture } from './architectures.ts'
import { Machine } from './boot.ts'
import { machineImage } from './image.ts'
import { TreeDisk } from './tree-disk.ts'

/**
 * `npm run test:debian -- [--arch amd64|arm64] [--keep] [FILE…]`: boots Debian 12 with its own kernel, systemd, cgroup version 2 and
 * AppArmor in an emulator, runs test files of this tree there one after the other, prints their results, and switches the machine off.
 * With `--keep` the machine stays until it is interrupted, for a person who looks around by the ssh command that is printed.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { arch: { type: 'string' }, keep: { type: 'boolean', default: false } },
})

/** What concerns the kernel and systemd most; the others are named on the command line. */
const usual = [
  'systemd',
  'apparmor',
  'isolation',
  'container-options',
  'running-containers',
  'life-cycle',
  'survival',
  'exec',
  'networks',
  'ports',
  'security',
]
/** The emulated machine is ten to twenty times slower: a test's own limits of time are for the machine it is written on. */
const timeout = 3_600_000

function architectureNamed(name: string | undefined): Architecture {
  const own = Object.values(architectures).find(isNative)
  const found = name === undefined ? own : architectures[name]
  if (found === undefined) throw new Error(`no such architecture: ${name}; there are ${Object.keys(architectures).join(', ')}`)
  return found
}

/**
 * Makes the machine ready: the tree in /root/galley, and what this machine has made of stand-ins, where that is of the same architecture,
 * below a layer that can be written to.
 */
function settle(machine: Machine, architecture: Architecture): void {
  const cached = '/var/cache/galley/stand-ins'
  const steps = [
    // In fstab, so that it is there after a reboot too.
    'mkdir -p /mnt/cache /root/galley && echo /dev/vdb /root/galley ext4 defaults,nofail 0 0 >>/etc/fstab && mount /root/galley',
    'touch /root/galley/node_modules/.galley-ready',
    ...(isNative(architecture)
      ? [
          'mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose cache /mnt/cache',
          `mkdir -p ${cached} /var/tmp/upper /var/tmp/work`,
          `mount -t overlay -o lowerdir=/mnt/cache/stand-ins,upperdir=/var/tmp/upper,workdir=/var/tmp/work overlay ${cached}`,
        ]
      : []),
  ]
  for (const step of steps) if (machine.run(step) !== 0) throw new Error(`this failed in the machine: ${step}`)
}

/** Prints a test file's results; returns whether it passed. */
function runFile(machine: Machine, architecture: Architecture, file: string): boolean {
  console.log(`\n## ${file}`)
  const path = `PATH=$PWD/node_modules/node-linux-${architecture.node}/bin:$PATH`
  const node = `node --disable-warning=ExperimentalWarning --test --test-timeout=${timeout} ${file}`
  return machine.run(`cd /root/galley && ${path} GALLEY_TEST_SLOWNESS=20 GALLEY_TEST_MACHINE=emulated ${node}`) === 0
}

const architecture = architectureNamed(values.arch)
const files = positionals.length > 0 ? positionals.flatMap((name) => globSync(name)) : usual.map((name) => `test/${name}.test.ts`)
const image = await machineImage(architecture)
const log = `${tmpdir()}/galley-machine-${process.pid}.log`
console.log(`Debian 12 (${architecture.debian}) boots; its console: ${log}`)
using disk = new TreeDisk(architecture)
await using machine = await Machine.boot(architecture, image, { tree: disk.path, log })
console.log(machine.door)
settle(machine, architecture)
if (values.keep) await once(process, 'SIGINT')
else {
  const failed = files.filter((file) => !runFile(machine, architecture, file))
  console.log(failed.length === 0 ? `\nall ${files.length} files passed` : `\nfailed: ${failed.join(', ')}`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
