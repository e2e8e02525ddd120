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
}

export const architectures: Readonly<Record<string, Architecture>> = {
  amd64: { debian: 'amd64', node: 'x64', emulator: 'qemu-system-x86_64', machine: ['-machine', 'q35', '-cpu', 'max'], console: 'ttyS0' },
  arm64: {
    debian: 'arm64',
    node: 'arm64',
    emulator: 'qemu-system-aarch64',
    // Pointer authentication as the architecture defines it costs the emulator half of its time.
    machine: ['-machine', 'virt', '-cpu', 'max,pauth-impdef=on'],
    console: 'ttyAMA0',
  },
}

/** Whether the emulated processor is this machine's own kind. */
export function isNative({ node }: Architecture): boolean {
  return arch() === node
}
