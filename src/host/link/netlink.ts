import { bind, check, SystemCallError } from '#host/kernel/library.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  send: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

const NLM_F_REQUEST_ACK = 0x5
const NLMSG_ERROR = 2

/** A routing socket (rtnetlink(7)) in the thread's current network namespace. */
export class RouteSocket implements Disposable {
  readonly #fd: number

  constructor() {
    const [AF_NETLINK, SOCK_RAW, SOCK_CLOEXEC, NETLINK_ROUTE] = [16, 3, 0o2000000, 0]
    this.#fd = check(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), 'socket')
  }

  /** Sends one message and waits for the kernel's answer, which it gives at once. Throws `SystemCallError`. */
  request(type: number, flags: number, payload: Buffer, what: string): void {
    const message = Buffer.alloc(16 + payload.length)
    message.writeUInt32LE(message.length, 0)
    message.writeUInt16LE(type, 4)
    message.writeUInt16LE(NLM_F_REQUEST_ACK | flags, 6)
    payload.copy(message, 16)
    check(libc.send(this.#fd, message, BigInt(message.length), 0), 'send')
    const answer = Buffer.alloc(8192)
    check(libc.recv(this.#fd, answer, BigInt(answer.length), 0), 'recv')
    const error = answer.readUInt16LE(4) === NLMSG_ERROR ? -answer.readInt32LE(16) : 0
    if (error !== 0) throw new SystemCallError(what, error)
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd)
  }
}

/** One attribute: length, type, value, padded to four bytes. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3)
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  value.copy(bytes, 4)
  return bytes
}

export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`))
}

export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return attribute(type, bytes)
}
