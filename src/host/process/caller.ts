import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'

const libc = bind({
  close: { arguments: ['i32'], return: 'i32' },
  dup2: { arguments: ['i32', 'i32'], return: 'i32' },
  pidfd_getfd: { arguments: ['i32', 'i32', 'u32'], return: 'i32' },
})

/** What another process was started with. */
export interface Started {
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly umask: number
}

/** By proc(5). Throws when it has gone. */
export function startedWith(pid: number): Started {
  const list = (name: string): string[] => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1)
  const pairs = list('environ').map((pair): [string, string] => {
    const end = pair.indexOf('=', 1)
    return end < 0 ? [pair, ''] : [pair.slice(0, end), pair.slice(end + 1)]
  })
  const umask = /^Umask:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '022'
  // The first of two of one name is the one that getenv(3) finds.
  return { words: list('cmdline'), environment: Object.fromEntries(pairs.toReversed()), umask: Number.parseInt(umask, 8) }
}

/** What of proc(5)'s `status` says what a process may do. */
const powers = /^(Uid|Gid|NoNewPrivs|Seccomp|CapPrm|CapEff|CapBnd):.*$/gm

/** Whether another process sees the same machine as this one, and may do the same: same namespaces, root directory, users, capabilities and filters. */
export function isLikeOneself(pid: number): boolean {
  const spaces = (who: number | 'self'): string =>
    readdirSync(`/proc/${who}/ns`)
      .map((name) => readlinkSync(`/proc/${who}/ns/${name}`))
      .join()
  const may = (who: number | 'self'): string => readFileSync(`/proc/${who}/status`, 'latin1').match(powers)?.join() ?? ''
  const [root, own] = [statSync(`/proc/${pid}/root/`), statSync('/')]
  return root.dev === own.dev && root.ino === own.ino && spaces(pid) === spaces('self') && may(pid) === may('self')
}

/**
 * Makes another process's input and outputs this one's (pidfd_getfd(2)): the same open files, with their offsets and flags. Throws
 * `SystemCallError` where one is closed there.
 */
export function takeStandardStreams(process: number): void {
  for (const index of [0, 1, 2]) {
    const taken = check(libc.pidfd_getfd(process, index, 0), 'pidfd_getfd', String(index))
    check(libc.dup2(taken, index), 'dup2', String(index))
    libc.close(taken)
  }
}
