import { isIPv4 } from 'node:net'
import type { PublishedPort } from '#engine/containers/model.ts'
import { listTable, nft } from '#host/nftables/run.ts'
import { watchTable } from '#host/nftables/watch.ts'
import { bridgeOptions } from './bridge-options.ts'
import type { Network } from './model.ts'

/** What the rules need to know of a bridge network. */
export interface BridgeRule {
  readonly bridge: string
  readonly subnet: string
  readonly internal: boolean
  /** Whether packets that leave the host carry its address instead of the container's. Default: yes. */
  readonly masquerade?: boolean
  /** Whether its containers reach each other. Default: yes. */
  readonly icc?: boolean
}

/** Name of an instance's tables. */
export function tableName(instance: string): string {
  return `galley_${instance.replaceAll('-', '_')}`
}

/**
 * One instance's rules, in tables that carry its name; nobody else's are touched. Networks and published ports are
 * elements of sets and maps, so that a container adds elements, never rules.
 */
export class Rules {
  readonly #table: string
  /** The table as it is listed when it is as it should be. */
  #listing: string | undefined

  constructor(instance: string) {
    this.#table = tableName(instance)
  }

  /**
   * Puts these networks' rules in place of whatever is there, in one transaction. Without `ports`, published ports stay as they
   * are: a daemon that starts again must not cut its containers off until it knows what they hold.
   */
  install(bridges: readonly BridgeRule[], ports?: readonly PublishedAddress[]): void {
    this.#put(bridges, ports)
    // Once: a later look could already see what somebody else has done to it.
    this.#listing ??= listTable(this.#table)
  }

  /** Whether nobody has changed the rules since they were installed. */
  get intact(): boolean {
    return this.#listing !== undefined && listTable(this.#table) === this.#listing
  }

  /** Calls back when somebody takes rules away. */
  watch(onRemoval: () => void): Disposable {
    return watchTable(this.#table, onRemoval)
  }

  #put(bridges: readonly BridgeRule[], ports?: readonly PublishedAddress[]): void {
    const elements = bridges.map((rule) => this.#bridgeElements(rule)).join('')
    if (ports !== undefined)
      return this.#replace(
        `${elements}${ports
          .filter(({ port }) => isInRules(port))
          .map(({ address, port }) => this.#portElement('add', address, port))
          .join('')}`,
      )
    try {
      nft(
        `add table ip ${this.#table}\nflush table ip ${this.#table}\n${ruleset(this.#table)}${this.#emptied(['bridges', 'internal', 'subnets', 'pairs', 'homes'])}${elements}`,
      )
    } catch {
      // Another version of Galley left a table of another shape.
      this.#replace(elements)
    }
  }

  #replace(elements: string): void {
    nft(`add table ip ${this.#table}\ndelete table ip ${this.#table}\n${ruleset(this.#table)}${elements}`)
  }

  #emptied(sets: readonly string[]): string {
    return sets.map((set) => `flush set ip ${this.#table} ${set}\n`).join('')
  }

  addBridge(rule: BridgeRule): void {
    nft(this.#bridgeElements(rule))
  }

  publish(address: string, ports: readonly PublishedPort[]): void {
    nft(
      ports
        .filter(isInRules)
        .map((port) => this.#portElement('add', address, port))
        .join(''),
    )
  }

  /** As `publish`, whatever the rules said about these ports before. */
  republish(address: string, ports: readonly PublishedPort[]): void {
    for (const port of ports.filter(isInRules)) {
      const add = this.#portElement('add', address, port)
      // The same element twice is no error; an old one with another value is.
      try {
        nft(add)
      } catch {
        nft(`${this.#portElement('delete', address, port)}${add}`)
      }
    }
  }

  unpublish(address: string, ports: readonly PublishedPort[]): void {
    nft(
      ports
        .filter(isInRules)
        .map((port) => this.#portElement('delete', address, port))
        .join(''),
    )
  }

  #bridgeElements({ bridge, subnet, internal, masquerade, icc }: BridgeRule): string {
    const table = this.#table
    const pair = icc === false ? '' : `add element ip ${table} pairs { "${bridge}" . "${bridge}" }\n`
    const kind = internal
      ? `add element ip ${table} internal { "${bridge}" }\n`
      : masquerade === false
        ? ''
        : `add element ip ${table} subnets { ${subnet} }\n`
    return `add element ip ${table} bridges { "${bridge}" }\n${pair}add element ip ${table} homes { ${subnet} . "${bridge}" }\n${kind}`
  }

  #portElement(verb: 'add' | 'delete', address: string, { hostIp, hostPort, containerPort, protocol }: PublishedPort): string {
    const key = hostIp === '0.0.0.0' ? `ports { ${protocol} . ${hostPort}` : `bound { ${hostIp} . ${protocol} . ${hostPort}`
    return `${verb} element ip ${this.#table} ${key}${verb === 'add' ? ` : ${address} . ${containerPort}` : ''} }\n`
  }
}

/** IPv6 is the keeper's to pass on. */
function isInRules({ hostIp }: PublishedPort): boolean {
  return isIPv4(hostIp)
}

export interface PublishedAddress {
  readonly address: string
  readonly port: PublishedPort
}

function ruleset(table: string): string {
  return `table ip ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set subnets { type ipv4_addr; flags interval; }
  set pairs { type ifname . ifname; }
  set homes { type ipv4_addr . ifname; flags interval; }
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map bound { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  chain prerouting { type nat hook prerouting priority dstnat; policy accept; fib daddr type local jump published; }
  chain output { type nat hook output priority -100; policy accept; fib daddr type local jump published; }
  chain published {
    dnat ip to ip daddr . meta l4proto . th dport map @bound
    dnat ip to meta l4proto . th dport map @ports
  }
  # Bridges route 127.0.0.0/8 for published ports: nobody else may come or go by it.
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
    # A container that reaches its own network through a published port must get the answers by the same way.
    ct status dnat ip saddr . oifname @homes masquerade
    ip saddr @subnets oifname != @bridges masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname . oifname @pairs accept
    # Neither other networks nor other machines reach a container but by a published port.
    oifname @bridges drop
    iifname @internal drop
  }
}
`
}

/** What the rules need to know of a bridge network's record. */
export function ruleOf({ bridge, subnet, internal, options }: Network): BridgeRule {
  const { masquerade, icc } = bridgeOptions(options)
  return { bridge, subnet, internal, masquerade, icc }
}
