import { bind, check, errno } from '#host/kernel/library.ts'
import { AF_INET6, socketName } from './socket-name.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

/** Whether a process holds the port, found out by binding it for a moment: a hundred times as fast as reading /proc/net/tcp. */
export function isPortTaken(address: string, port: number, protocol: 'tcp' | 'udp'): boolean {
  const [SOCK_STREAM, SOCK_DGRAM, SOCK_CLOEXEC, SOL_SOCKET, SO_REUSEADDR, IPPROTO_IPV6, IPV6_V6ONLY, EADDRINUSE] = [
    1, 2, 0o2000000, 1, 2, 41, 26, 98,
  ]
  const { family, name } = socketName({ address, port })
  const socket = check(libc.socket(family, (protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0), 'socket')
  try {
    const on = Buffer.from([1, 0, 0, 0])
    // Connections that are about to be forgotten (TIME_WAIT) don't hold a port.
    if (protocol === 'tcp') check(libc.setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, on, 4), 'setsockopt')
    if (family === AF_INET6) check(libc.setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, on, 4), 'setsockopt')
    return libc.bind(socket, name, name.length) < 0 && errno() === EADDRINUSE
  } finally {
    libc.close(socket)
  }
}
