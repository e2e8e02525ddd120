import { chmodSync, renameSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bind, check, errno, SystemCallError } from '#host/kernel/library.ts'

const libc = bind({
  accept4: { arguments: ['i32', 'u64', 'u64', 'i32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
  getsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'buffer'], return: 'i32' },
  listen: { arguments: ['i32', 'i32'], return: 'i32' },
  poll: { arguments: ['buffer', 'u64', 'i32'], return: 'i32' },
  read: { arguments: ['i32', 'buffer', 'u64'], return: 'i32' },
  send: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
})

/** socket(7), unix(7). */
const [AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC] = [1, 1, 0o2_000_000]
const [SOL_SOCKET, SO_PEERCRED, MSG_NOSIGNAL] = [1, 17, 0x4000]
/** Bytes, without the one that ends it. */
const longestName = 107
const addressSize = 2 + longestName + 1
const [EINTR, ENAMETOOLONG] = [4, 36]
const [ENOMEM, ENFILE, EMFILE, ENOBUFS] = [12, 23, 24, 105]
/** Callers that wait for their turn; for others connect(2) waits. */
const backlog = 64

/**
 * Listens on a Unix socket that root alone may use, without an event loop; returns the descriptor. One that was there is replaced.
 * Throws `SystemCallError`.
 */
export function listenAlone(path: string): number {
  // Not longer than the name that it gets, which may be as long as one can be.
  const part = join(dirname(path), `.${process.pid}`)
  if (Buffer.byteLength(part) > longestName) throw new SystemCallError('bind', ENAMETOOLONG, part)
  const listener = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket')
  const address = Buffer.alloc(addressSize)
  address.writeUInt16LE(AF_UNIX)
  address.write(part, 2)
  check(libc.bind(listener, address, addressSize), 'bind', part)
  try {
    // Nobody can connect before `listen`.
    chmodSync(part, 0o600)
    check(libc.listen(listener, backlog), 'listen', part)
    renameSync(part, path)
  } catch (error) {
    unlinkSync(part)
    throw error
  }
  return listener
}

/** The next caller's connection; undefined when it has gone again, `no room` where this process or the machine has no descriptor left for it. */
export function acceptCaller(listener: number): number | 'no room' | undefined {
  const connection = libc.accept4(listener, 0n, 0n, SOCK_CLOEXEC)
  if (connection >= 0) return connection
  return [ENOMEM, ENFILE, EMFILE, ENOBUFS].includes(errno()) ? 'no room' : undefined
}

/** The process at the other end of a Unix socket, and its user, as they were when it connected. Throws `SystemCallError`. */
export function peerOf(connection: number): { readonly pid: number; readonly uid: number } {
  const [credentials, size] = [Buffer.alloc(12), Buffer.alloc(4)]
  size.writeUInt32LE(credentials.length)
  check(libc.getsockopt(connection, SOL_SOCKET, SO_PEERCRED, credentials, size), 'getsockopt')
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4) }
}

/** Whether all of it was taken; a peer that has gone takes nothing. */
export function sendAll(connection: number, message: Buffer): boolean {
  return libc.send(connection, message, BigInt(message.length), MSG_NOSIGNAL) === message.length
}

/** Waits for a byte of the peer's; false when it has gone. */
export function receiveByte(connection: number): boolean {
  for (;;) {
    const count = libc.read(connection, Buffer.alloc(1), 1n)
    if (count >= 0 || errno() !== EINTR) return count === 1
  }
}

/** poll(2): something can be read or accepted, or a process has ended; or the peer has gone. */
const events = { readable: 0x001, hungUp: 0x2000 } as const

/** Milliseconds. */
const breath = 100

/** What is waited for, at a descriptor. */
export interface Awaited {
  readonly descriptor: number
  readonly event: keyof typeof events
}

/** Waits, without an event loop, until something has happened to one of these descriptors, or for so many milliseconds; returns those to which it has. */
export function waitForAny(awaited: readonly Awaited[], atMost?: number): Set<number> {
  const size = 8
  const list = Buffer.alloc(awaited.length * size)
  for (const [index, { descriptor, event }] of awaited.entries()) {
    list.writeInt32LE(descriptor, index * size)
    list.writeInt16LE(events[event], index * size + 4)
  }
  // Where the kernel has no memory for it now, the next attempt is not made at once.
  if (libc.poll(list, BigInt(awaited.length), atMost ?? -1) < 0 && errno() !== EINTR) libc.poll(list, 0n, breath)
  const happened = (index: number): boolean => list.readInt16LE(index * size + 6) !== 0
  return new Set(awaited.filter((_, index) => happened(index)).map(({ descriptor }) => descriptor))
}

/** Closes a descriptor that no event loop knows. */
export function closeDescriptor(descriptor: number): void {
  libc.close(descriptor)
}
