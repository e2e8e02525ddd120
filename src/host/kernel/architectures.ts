import { emulates } from './emulators.ts'
import { bind } from './library.ts'

const libc = bind({ personality: { arguments: ['u64'], return: 'i32' } })

const PER_LINUX32 = 0x0008n

/**
 * Whether the kernel starts programs of an architecture (Go's name) on this machine: its own, the 32-bit one of the same family, or one
 * that it has an emulator for.
 */
export function runsHere(architecture: string): boolean {
  const own = process.arch === 'x64' ? 'amd64' : process.arch
  if (architecture === own) return true
  if (own === 'amd64' && architecture === '386') return true
  return (own === 'arm64' && architecture === 'arm' && has32Bits()) || emulates(architecture)
}

/** Not every processor of arm64 still runs the programs of its predecessors; where none does, the kernel refuses their personality(2). */
function has32Bits(): boolean {
  const before = libc.personality(PER_LINUX32)
  if (before < 0) return false
  libc.personality(BigInt(before))
  return true
}
