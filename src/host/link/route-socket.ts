import { encodeMessage, flag } from '#host/netlink/message.ts'
import { NetlinkSocket, protocol } from '#host/netlink/socket.ts'

/** A routing socket (rtnetlink(7)) in the thread's current network namespace. */
export class RouteSocket implements Disposable {
  readonly #socket = new NetlinkSocket(protocol.route)

  /** Changes something; `what` is for the error. Throws `SystemCallError`. */
  request(type: number, flags: number, payload: Buffer, what: string): void {
    this.#socket.ask(encodeMessage(type, flag.request | flag.acknowledge | flags, payload), what)
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]()
  }
}
