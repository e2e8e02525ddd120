import { closeSync, openSync } from 'node:fs'
import { bind, check } from './library.ts'

const libc = bind({
  unshare: { arguments: ['i32'], return: 'i32' },
  setns: { arguments: ['i32', 'i32'], return: 'i32' },
})

export const CLONE = { NEWNS: 0x20000, NEWNET: 0x40000000 } as const

export function unshare(flags: number): void {
  check(libc.unshare(flags), 'unshare')
}

export function setns(fd: number, flags: number): void {
  check(libc.setns(fd, flags), 'setns')
}

const own = { [CLONE.NEWNS]: '/proc/thread-self/ns/mnt', [CLONE.NEWNET]: '/proc/thread-self/ns/net' } as const

/**
 * Runs `task` on this thread with namespaces of its own choosing and goes back afterwards. `task` must be synchronous:
 * nothing else may run on the thread meanwhile.
 */
export function insideNamespace<T>(kind: number, enter: () => void, task: () => T): T {
  const home = openSync(own[kind as keyof typeof own], 'r')
  try {
    enter()
    try {
      return task()
    } finally {
      setns(home, kind)
    }
  } finally {
    closeSync(home)
  }
}
