import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { bind, check, errno, SystemCallError } from './library.ts'

const libc = bind({
  flock: { arguments: ['i32', 'i32'], return: 'i32' },
  fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
})

const LOCK_EX = 2
const LOCK_NB = 4
const EWOULDBLOCK = 11

/**
 * Opens `path`, makes it when missing, and locks it against every other process (flock(2)); undefined when another one has it.
 * The kernel lets go of the lock when the process dies, however that happens. Closing the descriptor gives it back.
 */
export function lockFile(path: string): number | undefined {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    if (libc.flock(fd, LOCK_EX | LOCK_NB) < 0) {
      const code = errno()
      closeSync(fd)
      if (code === EWOULDBLOCK) return undefined
      throw new SystemCallError('flock', code, path)
    }
    // The holder before may have deleted the file between the opening and the locking.
    if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return fd
    closeSync(fd)
  }
}

/** Lets a descriptor that came with the process end with it (FD_CLOEXEC): a child that inherited a lock would hold it on. */
export function keepFromChildren(fd: number): void {
  const F_SETFD = 2
  const FD_CLOEXEC = 1
  check(libc.fcntl(fd, F_SETFD, FD_CLOEXEC), 'fcntl', String(fd))
}
