import { constants } from 'node:fs'
import { bind, check } from '#host/kernel/library.ts'
import type { OpenDirectory } from './directory.ts'

const libc = bind({ openat: { arguments: ['i32', 'buffer', 'i32', 'u32'], return: 'i32' } })

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
const O_CLOEXEC = 0o2000000

/**
 * Makes a file in a directory, open for writing; the descriptor is the caller's to close. Node's own call would be led through
 * /proc, which takes longer than the making. Throws `SystemCallError`, EEXIST when anything has the name.
 */
export function createIn(directory: OpenDirectory, name: string, mode: number): number {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
  return check(libc.openat(directory.fd, Buffer.from(`${name}\0`, 'latin1'), flags, mode), 'openat', name)
}
