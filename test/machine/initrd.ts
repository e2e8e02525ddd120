import { globSync, readFileSync, writeFileSync } from 'node:fs'

/** What the kernel needs as modules to find the disk and the file system on it, in the order in which it needs them. */
const needed = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4']

/** Goes over to the disk once it is there. */
const init = (modules: readonly string[]): string => `#!/busybox sh
/busybox mount -t devtmpfs none /dev
${modules.map((module) => `/busybox insmod /${module}\n`).join('')}
while [ ! -b /dev/vda ]; do /busybox sleep 1; done
/busybox mount -t ext4 /dev/vda /root
/busybox mount --move /dev /root/dev
exec /busybox switch_root /root /sbin/init
`

/**
 * Writes an initial file system (initramfs, in the kernel's driver-api/early-userspace) for a machine whose root file system is `root`: in
 * place of Debian's own, whose making starts some ten thousand programs, half an hour under emulation.
 */
export function writeInitrd(root: string, path: string): void {
  const [directory = ''] = globSync(`${root}/lib/modules/*`)
  const dependencies = dependenciesOf(readFileSync(`${directory}/modules.dep`, 'utf8'))
  const modules = new Set(needed.flatMap((name) => [...(dependencies.get(name) ?? [])]))
  const [directories, regular, console] = [0o040755, 0o100755, 0o020600]
  const members = [
    ...['dev', 'root'].map((name) => member(name, { mode: directories })),
    member('dev/console', { mode: console, device: [5, 1] }),
    member('busybox', { mode: regular, content: readFileSync(`${root}/usr/bin/busybox`) }),
    ...[...modules].map((file) => member(nameOf(file), { mode: regular, content: readFileSync(`${directory}/${file}`) })),
    member('init', { mode: regular, content: Buffer.from(init([...modules].map(nameOf))) }),
    member('TRAILER!!!', { mode: 0 }),
  ]
  writeFileSync(path, Buffer.concat(members))
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}

/** The files of each module and of those that it needs, these first (modules.dep(5)). */
function dependenciesOf(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const [file = '', rest = ''] = line.split(':')
      const others = rest.split(' ').filter((other) => other !== '')
      return [
        nameOf(file)
          .replace(/\.ko.*/, '')
          .replaceAll('-', '_'),
        [...others.toReversed(), file],
      ]
    }),
  )
}

interface Content {
  /** With the file's type. */
  readonly mode: number
  readonly content?: Buffer
  readonly device?: readonly [major: number, minor: number]
}

let inode = 0

/** One member of a cpio archive in the form that the kernel reads ("newc"): thirteen numbers, the name, the content. */
function member(name: string, { mode, content = Buffer.alloc(0), device = [0, 0] }: Content): Buffer {
  const [owner, group, links, time, check] = [0, 0, 1, 0, 0]
  const numbers = [++inode, mode, owner, group, links, time, content.length, 0, 0, ...device, name.length + 1, check]
  const head = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${name}\0`
  return Buffer.concat([padded(Buffer.from(head)), padded(content)])
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
