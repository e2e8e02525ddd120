import { bind, check } from '#host/kernel/library.ts'

const libc = bind({
  close: { arguments: ['i32'], return: 'i32' },
  pidfd_open: { arguments: ['i32', 'u32'], return: 'i32' },
  pidfd_send_signal: { arguments: ['i32', 'i32', 'u64', 'u32'], return: 'i32' },
  waitid: { arguments: ['i32', 'i32', 'buffer', 'i32'], return: 'i32' },
})

/** waitid(2). */
const P_PIDFD = 3
const [WNOHANG, WEXITED, WNOWAIT] = [1, 4, 0x0100_0000]
const CLD_EXITED = 1

/** How a process ended: by itself, with a code, or by a signal. */
export interface End {
  readonly by: 'code' | 'signal'
  readonly number: number
}

/** A descriptor for a process (pidfd_open(2)), which can be read when it has ended; whoever asks closes it. Throws `SystemCallError`. */
export function openProcess(pid: number): number {
  return check(libc.pidfd_open(pid, 0), 'pidfd_open', String(pid))
}

/** How a child ended; undefined while it runs. Its id stays its own until `reapChild`. */
export function endOf(descriptor: number): End | undefined {
  // siginfo_t: si_code and, behind it, si_pid, si_uid and si_status.
  const info = Buffer.alloc(128)
  check(libc.waitid(P_PIDFD, descriptor, info, WEXITED | WNOHANG | WNOWAIT), 'waitid')
  if (info.readInt32LE(16) === 0) return undefined
  return { by: info.readInt32LE(8) === CLD_EXITED ? 'code' : 'signal', number: info.readInt32LE(24) }
}

/** Takes a child that has ended from the kernel's table, and closes the descriptor. */
export function reapChild(descriptor: number): void {
  libc.waitid(P_PIDFD, descriptor, Buffer.alloc(128), WEXITED | WNOHANG)
  libc.close(descriptor)
}

/** SIGKILL, unless it has ended. */
export function killProcess(descriptor: number): void {
  const SIGKILL = 9
  libc.pidfd_send_signal(descriptor, SIGKILL, 0n, 0)
}
