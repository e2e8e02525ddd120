import { bind, check } from '#host/kernel/library.ts'

const libc = bind({
  mknod: { arguments: ['buffer', 'u32', 'u64'], return: 'i32' },
  lsetxattr: { arguments: ['buffer', 'string', 'buffer', 'u64', 'i32'], return: 'i32' },
})

const kinds = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const

/** mknod(2). */
export function makeNode(path: string | Buffer, kind: keyof typeof kinds, major = 0, minor = 0): void {
  const device =
    ((BigInt(major) & 0xfffn) << 8n) | (BigInt(minor) & 0xffn) | ((BigInt(minor) & ~0xffn) << 12n) | ((BigInt(major) & ~0xfffn) << 32n)
  check(libc.mknod(terminated(path), kinds[kind] | 0o600, device), 'mknod', path.toString())
}

/** lsetxattr(2): sets an extended attribute of the file itself, not of what a link points to. */
export function setAttribute(path: string | Buffer, name: string, value: Buffer): void {
  check(
    libc.lsetxattr(terminated(path), name, value.length === 0 ? Buffer.alloc(1) : value, BigInt(value.length), 0),
    'lsetxattr',
    path.toString(),
  )
}

/** As C programs expect a path. */
export function terminated(path: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(path as string), Buffer.alloc(1)])
}
