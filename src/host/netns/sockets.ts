import { bind, check } from '#host/kernel/library.ts'
import { insideNetworkNamespace } from './inside.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  connect: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

export interface SocketAddress {
  /** IPv4. */
  readonly address: string
  readonly port: number
}

const [AF_INET, SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC] = [2, 1, 2, 0o4000, 0o2000000]

/**
 * A socket that is bound inside the network namespace mounted on `namespace` (undefined: this thread's own) and stays there, whoever
 * uses it: its descriptor, for `dgram`'s and `net`'s `fd` option. Throws `SystemCallError`.
 */
export function boundSocket(namespace: string | undefined, kind: 'tcp' | 'udp', local: SocketAddress): number {
  return inside(namespace, kind, (fd) => {
    // Connections that are about to be forgotten (TIME_WAIT) must not keep the port.
    if (kind === 'tcp') reuse(fd)
    check(libc.bind(fd, nameOf(local), 16), 'bind', `${local.address}:${local.port}`)
  })
}

/** As `boundSocket`, but a TCP connection under way to `remote`: what is written waits until it stands. */
export function connectingSocket(namespace: string | undefined, remote: SocketAddress): number {
  // EINPROGRESS is what a non-blocking connect(2) answers; a failure shows at the first use.
  return inside(namespace, 'tcp', (fd) => void libc.connect(fd, nameOf(remote), 16))
}

function inside(namespace: string | undefined, kind: 'tcp' | 'udp', prepare: (fd: number) => void): number {
  const open = (): number => {
    const type = (kind === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC
    const fd = check(libc.socket(AF_INET, type, 0), 'socket')
    try {
      prepare(fd)
      return fd
    } catch (error) {
      libc.close(fd)
      throw error
    }
  }
  return namespace === undefined ? open() : insideNetworkNamespace(namespace, open)
}

function reuse(fd: number): void {
  const [SOL_SOCKET, SO_REUSEADDR] = [1, 2]
  check(libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Buffer.from([1, 0, 0, 0]), 4), 'setsockopt')
}

/** ip(7), sockaddr_in. */
function nameOf({ address, port }: SocketAddress): Buffer {
  const name = Buffer.alloc(16)
  name.writeUInt16LE(AF_INET, 0)
  name.writeUInt16BE(port, 2)
  name.set(address.split('.').map(Number), 4)
  return name
}
