import { bind, check } from '#host/kernel/library.ts'
import { insideNetworkNamespace } from './inside.ts'
import { socketName, type SocketAddress } from './socket-name.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  connect: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

const [SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC] = [1, 2, 0o4000, 0o2000000]

/**
 * A socket that is bound inside the network namespace mounted on `namespace` (undefined: this thread's own) and stays there, whoever
 * uses it: its descriptor, for `dgram`'s and `net`'s `fd` option. Throws `SystemCallError`.
 */
export function boundSocket(namespace: string | undefined, kind: 'tcp' | 'udp', local: SocketAddress): number {
  const { family, name } = socketName(local)
  return inside(namespace, { family, kind }, (fd) => {
    // Connections that are about to be forgotten (TIME_WAIT) must not keep the port.
    if (kind === 'tcp') reuse(fd)
    check(libc.bind(fd, name, name.length), 'bind', `${local.address}:${local.port}`)
  })
}

/** As `boundSocket`, but a TCP connection under way to `remote`: what is written waits until it stands. */
export function connectingSocket(namespace: string | undefined, remote: SocketAddress): number {
  // EINPROGRESS is what a non-blocking connect(2) answers; a failure shows at the first use.
  const { family, name } = socketName(remote)
  return inside(namespace, { family, kind: 'tcp' }, (fd) => void libc.connect(fd, name, name.length))
}

function inside(
  namespace: string | undefined,
  { family, kind }: { readonly family: number; readonly kind: 'tcp' | 'udp' },
  prepare: (fd: number) => void,
): number {
  const open = (): number => {
    const type = (kind === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC
    const fd = check(libc.socket(family, type, 0), 'socket')
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
