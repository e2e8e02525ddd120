import { closeSync } from 'node:fs'
import { release } from 'node:os'
import { bind, check } from '#host/kernel/library.ts'

const libc = bind({ syscall: { arguments: ['i64', 'i64', 'i64', 'string', 'string', 'i64'], return: 'i32' } })
const strings = bind({ syscall: { arguments: ['i64', 'string', 'i64'], return: 'i32' } })

/** The same on every architecture (asm-generic/unistd.h). */
const [fsopen, fsconfig, fsmount] = [430n, 431n, 432n]
/** linux/mount.h. */
const [FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC] = [1n, 1n]
const [SET_FLAG, SET_STRING, CMD_CREATE] = [0n, 1n, 6n]

/**
 * Has the kernel move processes between control groups without waiting for all processors first, 7 to 8 ms each time, for as long as
 * the result is not disposed of: a hierarchy without controllers, mounted nowhere, with the option `favordynmods` (Linux 6.0; cgroup(7)
 * knows such named hierarchies, the option is in the kernel's admin-guide/cgroup-v2). It holds for every control group of the machine.
 * From Linux 6.18 on the kernel never goes back. Blocks for about as long as one move did. Throws `SystemCallError` where the kernel
 * doesn't know the option.
 */
export function quickenMoves(): Disposable {
  const context = check(strings.syscall(fsopen, 'cgroup', FSOPEN_CLOEXEC), 'fsopen')
  try {
    const set = (command: bigint, key: string | null, value: string | null = null): void =>
      void check(libc.syscall(fsconfig, BigInt(context), command, key, value, 0n), 'fsconfig', key ?? '')
    set(SET_FLAG, 'none')
    // A hierarchy that is going away keeps its name for a while: no two processes may use one.
    set(SET_STRING, 'name', `galley-${process.pid}`)
    set(SET_FLAG, 'favordynmods')
    set(CMD_CREATE, null)
    const hierarchy = check(libc.syscall(fsmount, BigInt(context), FSMOUNT_CLOEXEC, null, null, 0n), 'fsmount')
    const close = (): void => closeSync(hierarchy)
    // Every process has a line for it in /proc/PID/cgroup while it lives.
    if (staysQuick(release())) close()
    return { [Symbol.dispose]: staysQuick(release()) ? () => undefined : close }
  } finally {
    closeSync(context)
  }
}

/** Whether a kernel that has once been told needs not be told again. */
export function staysQuick(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 18)
}
