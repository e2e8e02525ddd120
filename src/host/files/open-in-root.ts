import { closeSync, openSync } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'

const libc = bind({ syscall: { arguments: ['i64', 'i64', 'string', 'buffer', 'i64'], return: 'i64' } })

const [SYS_openat2, O_PATH, O_CLOEXEC, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS] = [437n, 0o10000000n, 0o2000000n, 0x10n, 0x2n]

/**
 * Opens `path` as if `root` were the file system's root (openat2(2), RESOLVE_IN_ROOT): neither `..` nor a link leads out of
 * it, even when somebody changes the tree meanwhile. The descriptor only names the place (O_PATH). Throws `SystemCallError`.
 */
export function openInRoot(root: string, path: string): { readonly fd: number } & Disposable {
  const base = openSync(root, 'r')
  try {
    const how = Buffer.alloc(24)
    how.writeBigUInt64LE(O_PATH | O_CLOEXEC, 0)
    how.writeBigUInt64LE(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, 16)
    const fd = check(libc.syscall(SYS_openat2, BigInt(base), path, how, BigInt(how.length)), 'openat2', path)
    return { fd, [Symbol.dispose]: () => closeSync(fd) }
  } finally {
    closeSync(base)
  }
}
