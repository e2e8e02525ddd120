/** What a program file in the ELF format says of itself (elf(5)). */
export interface Elf {
  /** Go's name of its architecture, or the number that the file holds. */
  readonly architecture: string
  /** The loader that the kernel starts in its place; undefined for a static program. */
  readonly interpreter: string | undefined
}

const machines: Readonly<Record<number, string>> = {
  3: '386',
  0x15: 'ppc64le',
  0x16: 's390x',
  0x28: 'arm',
  0x3e: 'amd64',
  0xb7: 'arm64',
  0xf3: 'riscv64',
}

const PT_INTERP = 3

/** Reads the beginning of a file; undefined when it is no ELF program. What lies beyond `head` is not looked at. */
export function parseElf(head: Buffer): Elf | undefined {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return undefined
  // Little-endian, but for s390x; only the machine is read of others.
  const little = head[5] === 1
  const machine = little ? head.readUInt16LE(18) : head.readUInt16BE(18)
  return { architecture: machines[machine] ?? String(machine), interpreter: little && head[4] === 2 ? interpreterOf(head) : undefined }
}

function interpreterOf(head: Buffer): string | undefined {
  const [start, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)]
  for (let index = 0; index < count; index++) {
    const at = start + index * size
    if (at + 40 > head.length) return undefined
    if (head.readUInt32LE(at) !== PT_INTERP) continue
    const [offset, length] = [Number(head.readBigUInt64LE(at + 8)), Number(head.readBigUInt64LE(at + 32))]
    return offset + length > head.length ? undefined : head.toString('latin1', offset, offset + length).replace(/\0+$/, '')
  }
  return undefined
}
