import { read as readFile, write as writeFile } from 'node:fs'
import { promisify } from 'node:util'
import { bind, check, SystemCallError } from '#host/kernel/library.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  send: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

const [read, write] = [promisify(readFile), promisify(writeFile)]

const [AF_NETLINK, SOCK_RAW, SOCK_CLOEXEC] = [16, 3, 0o2000000]
const [NLMSG_ERROR, NLMSG_DONE] = [2, 3]
const headerLength = 16
const answerSize = 32_768

export const flag = { request: 0x1, acknowledge: 0x4, dump: 0x300 } as const

/** One message (netlink(7)), its header included. */
export function netlinkMessage(type: number, flags: number, body: Buffer): Buffer {
  const message = Buffer.alloc(headerLength + body.length)
  message.writeUInt32LE(message.length, 0)
  message.writeUInt16LE(type, 4)
  message.writeUInt16LE(flags, 6)
  body.copy(message, headerLength)
  return message
}

/** A socket of one of netlink's protocols in the network namespace that the thread is in; the kernel answers it at once. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number
  readonly #what: string

  constructor(protocol: number, what: string) {
    this.#what = what
    this.#fd = check(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), 'socket')
  }

  /** As `ask`, for what takes the kernel long: the thread does other things meanwhile, as a thread of libuv's waits in its place. */
  async askPatiently(request: Buffer): Promise<Buffer[]> {
    await write(this.#fd, request)
    const found: Buffer[] = []
    for (;;) {
      const answer = Buffer.alloc(answerSize)
      const { bytesRead } = await read(this.#fd, answer, 0, answer.length, null)
      if (this.#isLast(answer.subarray(0, bytesRead), found)) return found
    }
  }

  /** Sends a request; returns the bodies of the answers, up to the acknowledgement or the end of a dump. Throws `SystemCallError`. */
  ask(request: Buffer): Buffer[] {
    check(libc.send(this.#fd, request, BigInt(request.length), 0), 'send')
    const found: Buffer[] = []
    for (;;) {
      const answer = Buffer.alloc(answerSize)
      const length = check(libc.recv(this.#fd, answer, BigInt(answer.length), 0), 'recv')
      if (this.#isLast(answer.subarray(0, length), found)) return found
    }
  }

  /** Takes the bodies out of an answer; whether no other one comes. Throws `SystemCallError`. */
  #isLast(answer: Buffer, found: Buffer[]): boolean {
    for (const { type, body } of messages(answer)) {
      if (type === NLMSG_DONE) return true
      if (type === NLMSG_ERROR) {
        const error = -body.readInt32LE(0)
        if (error !== 0) throw new SystemCallError(this.#what, error)
        return true
      }
      found.push(body)
    }
    return false
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd)
  }
}

function* messages(bytes: Buffer): Generator<{ readonly type: number; readonly body: Buffer }> {
  for (let at = 0; at + headerLength <= bytes.length;) {
    const length = bytes.readUInt32LE(at)
    if (length < headerLength) return
    yield { type: bytes.readUInt16LE(at + 4), body: bytes.subarray(at + headerLength, at + length) }
    at += (length + 3) & ~3
  }
}
