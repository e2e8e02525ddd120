import { addressBytes } from '#base/ip-address.ts'

/** Numbers of the families of sockets (Linux, socket.h). */
const AF_INET = 2
export const AF_INET6 = 10

export interface SocketAddress {
  /** IPv4 or IPv6. */
  readonly address: string
  readonly port: number
}

/** A socket's name as the kernel takes it (ip(7), sockaddr_in; ipv6(7), sockaddr_in6), and the family of such sockets. */
export function socketName({ address, port }: SocketAddress): { readonly family: number; readonly name: Buffer } {
  const bytes = addressBytes(address)
  const family = bytes.length === 4 ? AF_INET : AF_INET6
  const name = Buffer.alloc(family === AF_INET ? 16 : 28)
  name.writeUInt16LE(family, 0)
  name.writeUInt16BE(port, 2)
  bytes.copy(name, family === AF_INET ? 4 : 8)
  return { family, name }
}
