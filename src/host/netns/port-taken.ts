import { bind, check, errno } from '#host/kernel/library.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

/** Whether a process holds the port, found out by binding it for a moment: a hundred times as fast as reading /proc/net/tcp. */
export function isPortTaken(address: string, port: number, protocol: 'tcp' | 'udp'): boolean {
  const [AF_INET, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_REUSEADDR, EADDRINUSE] = [2, 1, 2, 1, 2, 98]
  const socket = check(libc.socket(AF_INET, protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM, 0), 'socket')
  try {
    // Connections that are about to be forgotten (TIME_WAIT) don't hold a port.
    if (protocol === 'tcp') check(libc.setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, Buffer.from([1, 0, 0, 0]), 4), 'setsockopt')
    const name = Buffer.alloc(16)
    name.writeUInt16LE(AF_INET, 0)
    name.writeUInt16BE(port, 2)
    name.set(address.split('.').map(Number), 4)
    return libc.bind(socket, name, 16) < 0 && errno() === EADDRINUSE
  } finally {
    libc.close(socket)
  }
}
