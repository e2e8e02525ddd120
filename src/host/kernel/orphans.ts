import { readFileSync } from 'node:fs'
import { bind } from './library.ts'

const libc = bind({
  prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
  waitpid: { arguments: ['i32', 'buffer', 'i32'], return: 'i32' },
})

/**
 * Makes this process the parent of whatever its descendants leave behind when they die (PR_SET_CHILD_SUBREAPER, prctl(2)), in place of
 * the machine's first process. It has to reap them then.
 */
export function takeOrphans(): void {
  const PR_SET_CHILD_SUBREAPER = 36
  libc.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n)
}

/** The process ids of this process's children, its own and those that it was given; none where the kernel doesn't list them. */
export function children(): number[] {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Takes a child that has ended from the kernel's table; false for one that lives. */
export function reap(pid: number): boolean {
  const WNOHANG = 1
  return libc.waitpid(pid, Buffer.alloc(4), WNOHANG) === pid
}
