import { bind, check, errno } from '#host/kernel/library.ts'
import { terminated } from './special.ts'

const libc = bind({
  llistxattr: { arguments: ['buffer', 'buffer', 'u64'], return: 'i32' },
  lgetxattr: { arguments: ['buffer', 'string', 'buffer', 'u64'], return: 'i32' },
})

const [EAGAIN, ERANGE, ENODATA, ENOTSUP] = [11, 34, 61, 95]

/** What a list of names, and what one value, can measure at most (limits.h: XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const largest = 64 << 10
const names = Buffer.alloc(largest)
const value = Buffer.alloc(largest)

/** Looks once more where the error is one that looking at attributes does not have (xattr(7)), and so another call's: it was seen, though seldom. */
export function looked(look: () => number, error = errno): number {
  const size = look()
  return size < 0 && error() === EAGAIN ? look() : size
}

/** Names of a file's extended attributes, of the file itself and not of what a link points to (llistxattr(2)). */
export function attributeNames(path: Buffer): string[] {
  const size = looked(() => libc.llistxattr(terminated(path), names, BigInt(largest)))
  if (size < 0 && errno() === ENOTSUP) return []
  check(size, 'llistxattr', path.toString())
  return size === 0
    ? []
    : names
        .toString('utf8', 0, size - 1)
        .split('\0')
        .sort()
}

/** The value of one attribute; undefined when there is none (lgetxattr(2)). */
export function attribute(path: Buffer, name: string): Buffer | undefined {
  const size = looked(() => libc.lgetxattr(terminated(path), name, value, BigInt(largest)))
  if (size < 0 && [ENODATA, ENOTSUP, ERANGE].includes(errno())) return undefined
  check(size, 'lgetxattr', path.toString())
  return Buffer.from(value.subarray(0, size))
}
