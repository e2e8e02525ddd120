import { read as readFile, write as writeFile } from 'node:fs'
import { promisify } from 'node:util'
import { bind, check, SystemCallError } from '#host/kernel/library.ts'
import { messagesIn } from './message.ts'

const libc = bind({
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  send: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
})

const [read, write] = [promisify(readFile), promisify(writeFile)]

const [AF_NETLINK, SOCK_RAW, SOCK_CLOEXEC] = [16, 3, 0o2000000]
const [NLMSG_ERROR, NLMSG_DONE] = [2, 3]
const answerSize = 32_768

/** The protocols of netlink(7) that are spoken here. */
export const protocol = { route: 0, sockDiag: 4, netfilter: 12 } as const

/** A socket of one of netlink's protocols in the network namespace that the thread is in; the kernel answers it at once. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number

  constructor(number: (typeof protocol)[keyof typeof protocol]) {
    this.#fd = check(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, number), 'socket')
  }

  /**
   * Sends a request; returns the bodies of the answers, up to the acknowledgement or the end of a dump. Throws `SystemCallError`, in
   * which `what` is what was asked for.
   */
  ask(request: Buffer, what: string): Buffer[] {
    check(libc.send(this.#fd, request, BigInt(request.length), 0), 'send')
    const found: Buffer[] = []
    for (;;) {
      const answer = Buffer.allocUnsafe(answerSize)
      const length = check(libc.recv(this.#fd, answer, BigInt(answer.length), 0), 'recv')
      if (isLast(answer.subarray(0, length), found, what)) return found
    }
  }

  /** As `ask`, for what takes the kernel long: the thread does other things meanwhile, as a thread of libuv's waits in its place. */
  async askPatiently(request: Buffer, what: string): Promise<Buffer[]> {
    await write(this.#fd, request)
    const found: Buffer[] = []
    for (;;) {
      const answer = Buffer.allocUnsafe(answerSize)
      const { bytesRead } = await read(this.#fd, answer, 0, answer.length, null)
      if (isLast(answer.subarray(0, bytesRead), found, what)) return found
    }
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd)
  }
}

/** Takes the bodies out of an answer; whether no other one comes. Throws `SystemCallError`. */
function isLast(answer: Buffer, found: Buffer[], what: string): boolean {
  for (const { type, body } of messagesIn(answer)) {
    if (type === NLMSG_DONE) return true
    if (type === NLMSG_ERROR) {
      const error = -body.readInt32LE(0)
      if (error !== 0) throw new SystemCallError(what, error)
      return true
    }
    found.push(body)
  }
  return false
}
