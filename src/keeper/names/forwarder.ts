import type { Clock } from '#base/clock.ts'
import { code } from './message.ts'
import { askUpstream, type Upstream } from './upstream.ts'

const mostServers = 3
/** Queries in flight at once, of one container and of all together, as each has a socket; more are refused, which makes clients try again. */
const mostOfOne = 256
const mostOfAll = 2048
/** Milliseconds for which a server that gave no answer is asked after the others. */
const mistrust = 30_000

let ofAll = 0

/** Asks other servers for one container. What one container asks in vain is no other's loss. */
export class Forwarder {
  readonly #clock: Clock
  /** When servers last gave no answer, by address. */
  readonly #failed = new Map<string, number>()
  #inFlight = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Asks the servers one after the other, those first that have not failed lately, until one has an answer; undefined when none does.
   * The bytes of query and reply are passed as they are.
   */
  async forward(query: Buffer, servers: readonly Upstream[], transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    if (this.#inFlight >= mostOfOne || ofAll >= mostOfAll) return undefined
    this.#inFlight++
    ofAll++
    try {
      return await this.#askInTurn(query, servers, transport)
    } finally {
      this.#inFlight--
      ofAll--
    }
  }

  async #askInTurn(query: Buffer, servers: readonly Upstream[], transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    let refusal: Buffer | undefined
    for (const server of this.#inOrder(servers.slice(0, mostServers))) {
      const reply = await askUpstream(this.#clock, query, { server, transport })
      if (reply === undefined) this.#failed.set(server.address, this.#clock.now())
      else this.#failed.delete(server.address)
      if (reply !== undefined && !isRefusal(reply)) return reply
      refusal ??= reply
    }
    return refusal
  }

  #inOrder(servers: readonly Upstream[]): Upstream[] {
    const isMistrusted = ({ address }: Upstream): boolean => this.#clock.now() - (this.#failed.get(address) ?? -Infinity) < mistrust
    return [...servers.filter((server) => !isMistrusted(server)), ...servers.filter(isMistrusted)]
  }
}

/** Whether a server says that it can't or won't tell: another one may. */
function isRefusal(reply: Buffer): boolean {
  return [code.SERVFAIL, code.REFUSED].some((refused) => ((reply[3] ?? 0) & 0xf) === refused)
}
