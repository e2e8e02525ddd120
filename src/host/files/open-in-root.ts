import { closeSync, constants } from 'node:fs'
import { bind, check, errno } from '#host/kernel/library.ts'
import { OpenDirectory } from './directory.ts'

const libc = bind({ syscall: { arguments: ['i64', 'i32', 'buffer', 'buffer', 'u64'], return: 'i32' } })

/** The same on every architecture (asm-generic/unistd.h). */
const openat2 = 437n
const howSize = 24n
const RESOLVE_NO_MAGICLINKS = 0x02n
const RESOLVE_IN_ROOT = 0x10n
const EAGAIN = 11
/** What Node's constants lack: opens nothing but the place itself (open(2)). */
export const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000

/** Something that is open. */
export interface Opened extends Disposable {
  readonly fd: number
  /** Leads straight to it, by way of the descriptor. */
  readonly path: string
}

/**
 * Opens `path` (bytes as latin1) as if `root` were the file system's root: neither `..` nor a link, absolute or not, leads
 * out of it, whoever renames things meanwhile (openat2(2), RESOLVE_IN_ROOT). Links into /proc that the kernel would follow
 * by magic are refused with ELOOP. Throws `SystemCallError`.
 */
export function openInRoot(root: OpenDirectory, path: string, flags: number = O_PATH): Opened {
  const how = Buffer.alloc(Number(howSize))
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0)
  how.writeBigUInt64LE(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, 16)
  const name = Buffer.from(`${path === '' ? '.' : path}\0`, 'latin1')
  for (;;) {
    const fd = libc.syscall(openat2, root.fd, name, how, howSize)
    // A `..` raced with a rename somewhere in the system; the kernel asks for another try.
    if (fd < 0 && errno() === EAGAIN) continue
    return opened(check(fd, 'openat2', path))
  }
}

function opened(fd: number): Opened {
  return { fd, path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) }
}

/** As `openInRoot`, for a directory; with `follow` off its last part must not be a link. */
export function openDirectoryInRoot(root: OpenDirectory, path: string, follow = true): OpenDirectory {
  const { O_DIRECTORY, O_NOFOLLOW } = constants
  return new OpenDirectory(openInRoot(root, path, O_PATH | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW)).fd)
}

export function isInRoot(root: OpenDirectory, path: string): boolean {
  try {
    using _place = openInRoot(root, path)
    return true
  } catch {
    return false
  }
}
