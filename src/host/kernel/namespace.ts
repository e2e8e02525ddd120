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

const own: Readonly<Record<number, string>> = { [CLONE.NEWNS]: '/proc/thread-self/ns/mnt', [CLONE.NEWNET]: '/proc/thread-self/ns/net' }

/**
 * Runs `task` on this thread inside the namespace that `enter` moves it to, and goes back afterwards. Both must be
 * synchronous: nothing else may run on the thread meanwhile.
 */
export function insideNamespace<T>(kind: number, enter: () => void, task: () => T): T {
  const home = openSync(own[kind] ?? '', 'r')
  try {
    enter()
    return task()
  } finally {
    setns(home, kind)
    closeSync(home)
  }
}
