import { getRawPointer } from 'node:ffi'
import { bind, errno, SystemCallError } from '#host/kernel/library.ts'

const libc = bind({ recvmsg: { arguments: ['i32', 'buffer', 'i32'], return: 'i32' } })

const EAGAIN = 11
const MSG_CMSG_CLOEXEC = 0x40000000

/**
 * Receives one file descriptor that a peer passes over a Unix socket (SCM_RIGHTS, unix(7)): how an OCI runtime hands
 * over a terminal through its console socket. `undefined` when nothing has arrived yet, `closed` when the peer has gone without passing
 * one. Layouts are those of 64-bit Linux.
 */
export function receiveFd(socket: number): number | 'closed' | undefined {
  const data = Buffer.alloc(4096)
  const iovec = Buffer.alloc(16)
  iovec.writeBigUInt64LE(getRawPointer(data), 0)
  iovec.writeBigUInt64LE(BigInt(data.length), 8)
  const control = Buffer.alloc(24)
  const header = Buffer.alloc(56)
  header.writeBigUInt64LE(getRawPointer(iovec), 16)
  header.writeBigUInt64LE(1n, 24)
  header.writeBigUInt64LE(getRawPointer(control), 32)
  header.writeBigUInt64LE(BigInt(control.length), 40)
  if (libc.recvmsg(socket, header, MSG_CMSG_CLOEXEC) < 0) {
    const code = errno()
    if (code === EAGAIN) return undefined
    throw new SystemCallError('recvmsg', code)
  }
  // What the kernel wrote of it: a descriptor begins with 16 bytes that say what follows.
  return header.readBigUInt64LE(40) < 20n ? 'closed' : control.readInt32LE(16)
}
