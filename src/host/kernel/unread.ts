import type { Socket } from 'node:net'
import { bind } from './library.ts'

const libc = bind({ ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' } })

const SIOCOUTQ = 0x5411n

/** Whether the peer of a Unix socket has not read yet all that was written to it (unix(7), SIOCOUTQ). On TCP: whether it has not come there yet. */
export function hasUnread(socket: Socket): boolean {
  const fd = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd ?? -1
  const amount = Buffer.alloc(4)
  return fd >= 0 && libc.ioctl(fd, SIOCOUTQ, amount) === 0 && amount.readInt32LE() > 0
}
