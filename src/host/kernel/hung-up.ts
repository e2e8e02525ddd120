import type { Socket } from 'node:net'
import { bind } from './library.ts'

const libc = bind({ poll: { arguments: ['buffer', 'u64', 'i32'], return: 'i32' } })

const POLLHUP = 0x10

/**
 * Whether the peer of a Unix socket has closed it altogether, rather than only said that it sends nothing more: Node tells both
 * as the same `end` (poll(2), POLLHUP). A TCP connection does not tell until something is written to it: false.
 */
export function hasHungUp(socket: Socket): boolean {
  const fd = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd ?? -1
  if (fd < 0) return socket.destroyed
  const request = Buffer.alloc(8)
  request.writeInt32LE(fd, 0)
  return libc.poll(request, 1n, 0) > 0 && (request.readInt16LE(6) & POLLHUP) !== 0
}
