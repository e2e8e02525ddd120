import { bind, check, SystemCallError } from '#host/kernel/library.ts'
import { addressOf, type Listener } from './listener.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  send: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i64' },
  recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i64' },
  close: { arguments: ['i32'], return: 'i32' },
})

const [AF_INET, AF_INET6, AF_NETLINK] = [2, 10, 16]
const [SOCK_RAW, SOCK_CLOEXEC, NETLINK_SOCK_DIAG] = [3, 0o2000000, 4]
const [SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, NLM_F_DUMP] = [20, 0x1, 0x300]
const [NLMSG_ERROR, NLMSG_DONE] = [2, 3]
const IPPROTO_TCP = 6
const TCP_LISTEN = 10
const headerLength = 16
const answerSize = 32_768

/**
 * Who waits for TCP connections in the network namespace that the thread is in (sock_diag(7)). The table in /proc/net has the same, but
 * for each reading the kernel walks through all connections of the machine, which takes milliseconds. Throws `SystemCallError` where
 * the kernel can't tell.
 */
export function listeningHere(): Listener[] {
  const fd = check(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), 'socket')
  try {
    return [AF_INET, AF_INET6].flatMap((family) => dump(fd, family))
  } finally {
    libc.close(fd)
  }
}

function dump(fd: number, family: number): Listener[] {
  const request = question(family)
  check(libc.send(fd, request, BigInt(request.length), 0), 'send')
  const found: Listener[] = []
  for (;;) {
    const answer = Buffer.alloc(answerSize)
    const length = check(libc.recv(fd, answer, BigInt(answer.length), 0), 'recv')
    for (const { type, body } of messages(answer.subarray(0, length))) {
      if (type === NLMSG_DONE) return found
      if (type === NLMSG_ERROR) throw new SystemCallError('sock_diag', -body.readInt32LE(0))
      found.push(listenerOf(body, family))
    }
  }
}

/** A header (netlink(7)) and `struct inet_diag_req_v2`: all sockets of a family that listen. */
function question(family: number): Buffer {
  const message = Buffer.alloc(headerLength + 56)
  message.writeUInt32LE(message.length, 0)
  message.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
  message.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6)
  message.writeUInt8(family, headerLength)
  message.writeUInt8(IPPROTO_TCP, headerLength + 1)
  message.writeUInt32LE(1 << TCP_LISTEN, headerLength + 4)
  return message
}

function* messages(bytes: Buffer): Generator<{ readonly type: number; readonly body: Buffer }> {
  for (let at = 0; at + headerLength <= bytes.length;) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength) return
    yield { type: bytes.readUInt16LE(at + 4), body: bytes.subarray(at + headerLength, at + length) }
    at += (length + 3) & ~3
  }
}

/** `struct inet_diag_msg`: after four bytes, the local port and, eight bytes in, the local address, in the network's order. */
function listenerOf(body: Buffer, family: number): Listener {
  return { address: addressOf([...body.subarray(8, family === AF_INET ? 12 : 24)]), port: body.readUInt16BE(4) }
}
