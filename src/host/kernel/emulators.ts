import { existsSync, readFileSync } from 'node:fs'

const directory = '/proc/sys/fs/binfmt_misc'

/** QEMU's names of architectures, where they are not Go's. */
const names: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i386',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
}

/**
 * Whether the kernel starts programs of another architecture (Go's name) through an emulator, also inside a root file system
 * that has none: one that was opened when it was registered (flag F, binfmt_misc).
 */
export function emulates(architecture: string): boolean {
  const entry = `${directory}/qemu-${names[architecture] ?? architecture}`
  if (!existsSync(entry)) return false
  const text = readFileSync(entry, 'utf8')
  return text.startsWith('enabled') && /^flags:.*F/m.test(text)
}
