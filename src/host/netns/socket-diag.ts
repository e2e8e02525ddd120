import { addressOf, type Listener } from './listener.ts'
import { encodeMessage, flag } from '#host/netlink/message.ts'
import { NetlinkSocket, protocol } from '#host/netlink/socket.ts'

const [AF_INET, AF_INET6] = [2, 10]
const SOCK_DIAG_BY_FAMILY = 20
const IPPROTO_TCP = 6
const TCP_LISTEN = 10

/**
 * Who waits for TCP connections in the network namespace that the thread is in (sock_diag(7)). The table in /proc/net has the same, but
 * for each reading the kernel walks through all connections of the machine, which takes milliseconds. Throws `SystemCallError` where
 * the kernel can't tell.
 */
export function listeningHere(): Listener[] {
  using socket = new NetlinkSocket(protocol.sockDiag)
  return [AF_INET, AF_INET6].flatMap((family) => socket.ask(question(family), 'sock_diag').map((body) => listenerOf(body, family)))
}

/** `struct inet_diag_req_v2`: all sockets of a family that listen. */
function question(family: number): Buffer {
  const body = Buffer.alloc(56)
  body.writeUInt8(family, 0)
  body.writeUInt8(IPPROTO_TCP, 1)
  body.writeUInt32LE(1 << TCP_LISTEN, 4)
  return encodeMessage(SOCK_DIAG_BY_FAMILY, flag.request | flag.dump, body)
}

/** `struct inet_diag_msg`: after four bytes, the local port and, eight bytes in, the local address, in the network's order. */
function listenerOf(body: Buffer, family: number): Listener {
  return { address: addressOf(body.subarray(8, family === AF_INET ? 12 : 24)), port: body.readUInt16BE(4) }
}
