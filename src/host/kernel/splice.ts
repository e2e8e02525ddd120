import { bind, check, errno } from './library.ts'

const libc = bind({
  splice: { arguments: ['i32', 'pointer', 'i32', 'buffer', 'u64', 'u32'], return: 'i32' },
  fallocate: { arguments: ['i32', 'i32', 'i64', 'i64'], return: 'i32' },
})

/**
 * Moves up to `length` bytes from a FIFO to the position `at` of a file (splice(2)): one system call, so that a process that is killed has
 * moved bytes or has not, and none is in neither place. Returns how many; 0 at the FIFO's end, undefined when it is empty now.
 */
export function moveToFile(
  fifo: number,
  file: number,
  { at, length }: { readonly at: number; readonly length: number },
): number | undefined {
  const SPLICE_F_NONBLOCK = 2
  const EAGAIN = 11
  const position = Buffer.alloc(8)
  position.writeBigInt64LE(BigInt(at))
  const moved = libc.splice(fifo, null, file, position, BigInt(length), SPLICE_F_NONBLOCK)
  return moved < 0 && errno() === EAGAIN ? undefined : check(moved, 'splice')
}

/** Frees the room of a file's first `length` bytes (fallocate(2)); where the file system can't, the file goes on taking it. */
export function freeBeginning(file: number, length: number): void {
  const KEEP_SIZE = 1
  const PUNCH_HOLE = 2
  libc.fallocate(file, KEEP_SIZE | PUNCH_HOLE, 0n, BigInt(length))
}
