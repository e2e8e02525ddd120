import { readlinkSync } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'

const libc = bind({
  _exit: { arguments: ['i32'], return: 'void' },
  fork: { arguments: [], return: 'i32' },
  getppid: { arguments: [], return: 'i32' },
  madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
})
/** Node's own program, which gives its add-ons libuv. */
const program = bind(
  {
    uv_default_loop: { arguments: [], return: 'u64' },
    uv_loop_fork: { arguments: ['u64'], return: 'i32' },
  },
  null,
)

const MADV_DOFORK = 11
const [PR_SET_PDEATHSIG, SIGKILL] = [1, 9n]
/** Above every address of a process, and below where 48 bits of them end. */
const allAddresses = 0x7fff_ffff_f000n

/**
 * Copies this process (fork(2)): returns the copy's id, and 0 in the copy, whose event loop is made its own, and which is killed if this
 * process dies before it. Throws `SystemCallError`, in this process alone.
 *
 * Of all threads only this one is in the copy, so V8 has to do without others (`--single-threaded`, `detachThreads`), and nothing may be
 * under way in libuv's pool or in the loop. V8 keeps its heap from copies, as what Node starts as a rule begins another program at once;
 * that is taken back here for all that is mapped, in a call that skips what isn't. The copy ends by `process.exit` or `endAtOnce` only:
 * Node's own end would take down threads that it has not.
 */
export function forkProcess(): number {
  libc.madvise(0n, allAddresses, MADV_DOFORK)
  const parent = process.pid
  const pid = check(libc.fork(), 'fork')
  if (pid !== 0) return pid
  libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n)
  if (libc.getppid() !== parent || program.uv_loop_fork(program.uv_default_loop()) !== 0) endAtOnce(1)
  Object.defineProperty(process, 'pid', { value: Number(readlinkSync('/proc/self')) })
  // What `process.exit` ends with, when it has told whoever wants to know.
  Object.defineProperty(process, 'reallyExit', { value: endAtOnce })
  return pid
}

/** Ends this process (_exit(2)) with what it has written written, and nothing else done. */
export function endAtOnce(code: number): never {
  libc._exit(code)
  throw new Error('_exit returned')
}
