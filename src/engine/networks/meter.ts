import { closeSync, openSync } from 'node:fs'
import { insideNetworkNamespace } from '#host/netns/inside.ts'
import { nftHere, nftListHere } from '#host/nftables/run.ts'

/** TCP connections from outside, as far as a container's side decides about them. */
export interface Traffic {
  readonly opened: number
  /** Nobody listened: the kernel answered with a reset that has no sequence number (RFC 9293, 3.10.7.1). */
  readonly refused: number
  /** Ended by a reset. */
  readonly reset: number
}

const table = 'inet galley_meter'

/**
 * Counts what comes to a namespace's TCP ports from outside, in rules of its own. It holds the namespace until it is disposed, so
 * that what breaks when its last process ends is counted too.
 */
export class Meter implements Disposable {
  readonly #namespace: number

  /** Throws when the namespace is gone, or the kernel can't count. */
  constructor(path: string, ports: readonly number[]) {
    this.#namespace = openSync(path, 'r')
    try {
      this.#inside(() => nftHere(`add table ${table}\ndelete table ${table}\n${rules([...new Set(ports)])}`))
    } catch (error) {
      closeSync(this.#namespace)
      throw error
    }
  }

  read(): Traffic {
    const listing = this.#inside(() => nftListHere(`list counters table ${table}`))
    const packets = (name: string): number => Number(new RegExp(`counter ${name} \\{\\s*packets (\\d+)`).exec(listing)?.[1] ?? 0)
    return { opened: packets('opened'), refused: packets('refused'), reset: packets('broken') }
  }

  #inside<T>(task: () => T): T {
    return insideNetworkNamespace(`/proc/self/fd/${this.#namespace}`, task)
  }

  [Symbol.dispose](): void {
    try {
      this.#inside(() => nftHere(`delete table ${table}\n`))
    } catch {
      // Somebody flushed the rules of the namespace.
    }
    closeSync(this.#namespace)
  }
}

function rules(ports: readonly number[]): string {
  const set = `{ ${ports.join(', ')} }`
  return `table ${table} {
  counter opened { }
  counter refused { }
  counter broken { }
  chain closed { tcp sequence 0 counter name refused return; counter name broken; }
  chain input {
    type filter hook input priority -300; policy accept;
    iifname != "lo" tcp dport ${set} tcp flags & (fin|syn|rst|ack) == syn counter name opened
  }
  chain output {
    type filter hook output priority -300; policy accept;
    oifname != "lo" tcp sport ${set} tcp flags & rst == rst jump closed
  }
}
`
}
