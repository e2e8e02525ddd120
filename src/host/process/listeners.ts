import { closeSync } from 'node:fs'
import type { Server } from 'node:net'
import { bind, check } from '#host/kernel/library.ts'

/** By number, as C libraries before glibc 2.36 have no functions for them. */
const libc = bind({ syscall: { arguments: ['i64', 'i32', 'i32', 'i32'], return: 'i32' } })
const [pidfdOpen, pidfdGetfd] = [434n, 438n]

/** A descriptor of a process. */
export interface Descriptor {
  readonly pid: number
  readonly fd: number
}

/** What a server listens on, in this process. */
export function listenerOf(server: Server): Descriptor {
  return { pid: process.pid, fd: (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd }
}

/**
 * A duplicate of another process's descriptor (pidfd_getfd(2)): the same open file. It isn't passed on to children; whoever asks closes
 * it. Throws `SystemCallError`, `EPERM` where this process may not look into that one (ptrace(2)).
 */
export function takeDescriptor({ pid, fd }: Descriptor): number {
  const holder = check(libc.syscall(pidfdOpen, pid, 0, 0), 'pidfd_open', String(pid))
  try {
    return check(libc.syscall(pidfdGetfd, holder, fd, 0), 'pidfd_getfd', String(fd))
  } finally {
    closeSync(holder)
  }
}
