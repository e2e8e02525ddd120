import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { acquireOptions, confOf } from '#engine/catalogue/apt-options.ts'
import { sourcesFor } from '#engine/catalogue/sources.ts'
import { isNative, type Architecture } from './architectures.ts'
import { runFor } from './foreign.ts'
import { writeInitrd } from './initrd.ts'

/** What booting the machine takes. The disk is never written to: each boot has a layer of its own above it. */
export interface MachineImage {
  readonly disk: string
  readonly kernel: string
  readonly initrd: string
  /** The private key that root of the machine lets in. */
  readonly key: string
}

const cache = '/var/cache/galley/machines'
/** What makes it a stock machine, and how it is reached. */
const machinePackages =
  'systemd-sysv udev dbus libpam-systemd apparmor openssh-server iproute2 iptables nftables ca-certificates rsync kmod less python3'
/** Clients and peers that the tests use (test/run.sh), and what of them is missing in a small system. */
const testPackages =
  'docker.io docker-compose bsdutils openssl attr docker-registry skopeo buildah podman runc tini procps zsh fish git curl netcat-openbsd file strace'

/**
 * Debian 12 with its own kernel for an architecture, made once from the packages that this machine's apt reaches; the second call
 * finds it in the cache. Takes minutes, and more of them for a foreign architecture, whose packages are configured under emulation.
 */
export async function machineImage(architecture: Architecture): Promise<MachineImage> {
  const recipe = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .update(neededPackages())
    .digest('hex')
    .slice(0, 12)
  const directory = `${cache}/debian-12-${architecture.debian}-${recipe}`
  if (!existsSync(directory)) await make(architecture, directory)
  return { disk: `${directory}/disk`, kernel: `${directory}/kernel`, initrd: `${directory}/initrd`, key: `${directory}/key` }
}

/** The second word of each line of the list that the launcher and `galley doctor` read. */
function neededPackages(): string {
  const lines = readFileSync('packaging/debian-packages', 'utf8').split('\n')
  return lines.flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.split(' ')[1] ?? ''])).join(' ')
}

async function make(architecture: Architecture, directory: string): Promise<void> {
  const work = `${directory}.making-${process.pid}`
  mkdirSync(work, { recursive: true, mode: 0o755 })
  try {
    await bootstrap(architecture, `${work}/root`, work)
    configure(`${work}/root`, work)
    bringKernel(architecture, `${work}/root`, work)
    must('mkfs.ext4', '-q', '-F', '-m', '0', '-O', '^orphan_file', '-L', 'root', '-d', `${work}/root`, `${work}/disk`, '16G')
    rmSync(`${work}/root`, { recursive: true, force: true })
    renameSync(work, directory)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function bootstrap(architecture: Architecture, root: string, work: string): Promise<void> {
  writeFileSync(`${work}/sources.list`, `${(await sourcesFor('bookworm')).join('\n')}\n`)
  writeFileSync(`${work}/apt.conf`, confOf(await acquireOptions()))
  const packages = [machinePackages, testPackages, neededPackages(), `linux-image-${architecture.debian}`].join(' ').split(' ')
  // Without an initial file system (INITRD): see initrd.ts.
  const program = isNative(architecture) ? ['mmdebstrap'] : ['env', 'INITRD=No', 'mmdebstrap', '--skip=check/qemu']
  const command = [
    ...program,
    '--mode=root',
    '--variant=minbase',
    `--architectures=${architecture.debian}`,
    `--include=${packages.join(',')}`,
    `--aptopt=${work}/apt.conf`,
    '--aptopt=APT::Install-Recommends "false"',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    'bookworm',
    root,
    `${work}/sources.list`,
  ]
  const code = await runFor(architecture, command)
  if (code !== 0) throw new Error(`mmdebstrap failed with exit code ${code}`)
}

/** A name, an address by DHCP, a root that the key opens; Docker's own daemon stays off, as it would set up bridges and rules. */
function configure(root: string, work: string): void {
  must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'galley-test', '-f', `${work}/key`)
  const files: Record<string, string> = {
    'etc/hostname': 'debian\n',
    'etc/hosts': '127.0.0.1 localhost\n127.0.1.1 debian\n::1 localhost ip6-localhost\n',
    'etc/fstab': '/dev/vda / ext4 errors=remount-ro 0 1\n',
    'etc/resolv.conf': 'nameserver 10.0.2.3\n',
    'etc/systemd/network/wired.network': '[Match]\nType=ether\nKind=!veth\n[Network]\nDHCP=yes\n',
    'root/.ssh/authorized_keys': readFileSync(`${work}/key.pub`, 'utf8'),
    'etc/apt/sources.list': '',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(`${root}/${path}`.replace(/\/[^/]+$/, ''), { recursive: true })
    rmSync(`${root}/${path}`, { force: true })
    writeFileSync(`${root}/${path}`, text)
  }
  chmodSync(`${root}/root/.ssh`, 0o700)
  must('systemctl', `--root=${root}`, 'enable', 'systemd-networkd.service')
  must('systemctl', `--root=${root}`, 'mask', 'docker.service', 'docker.socket', 'containerd.service', 'docker-registry.service')
}

function bringKernel(architecture: Architecture, root: string, work: string): void {
  const bring = (name: string, pattern: string): void => {
    const [file] = globSync(pattern)
    if (file === undefined) throw new Error(`no ${name} in the packages that were installed`)
    copyFileSync(file, `${work}/${name}`)
  }
  bring('kernel', `${root}/boot/vmlinu[xz]-*`)
  if (isNative(architecture)) bring('initrd', `${root}/boot/initrd.img-*`)
  else writeInitrd(root, `${work}/initrd`)
}

function must(program: string, ...args: string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error !== undefined || status !== 0) throw new Error(`${program} failed${error === undefined ? '' : `: ${error.message}`}`)
}
