import { arch } from 'node:os'

/** What of an emulated machine depends on its processor. */
export interface Architecture {
  /** As Debian calls it. */
  readonly debian: 'amd64' | 'arm64'
  /** As Node and the launcher call it. */
  readonly node: 'x64' | 'arm64'
  readonly emulator: string
  readonly machine: readonly string[]
  readonly console: string
  /** Its number in a program's head (elf(5), e_machine), and what runs such programs one by one. */
  readonly elf: number
  readonly user: string
}

export const architectures: Readonly<Record<string, Architecture>> = {
  amd64: {
    debian: 'amd64',
    node: 'x64',
    emulator: 'qemu-system-x86_64',
    machine: ['-machine', 'q35', '-cpu', 'max'],
    console: 'ttyS0',
    elf: 0x3e,
    user: '/usr/bin/qemu-x86_64-static',
  },
  arm64: {
    debian: 'arm64',
    node: 'arm64',
    emulator: 'qemu-system-aarch64',
    // Pointer authentication as the architecture defines it costs the emulator half of its time.
    machine: ['-machine', 'virt', '-cpu', 'max,pauth-impdef=on'],
    console: 'ttyAMA0',
    elf: 0xb7,
    user: '/usr/bin/qemu-aarch64-static',
  },
}

/** Whether the emulated processor is this machine's own kind. */
export function isNative({ node }: Architecture): boolean {
  return arch() === node
}
