import type { PublishedPort } from '#engine/containers/model.ts'
import { nft } from '#host/nftables/run.ts'

/** What the rules need to know of a bridge network. */
export interface BridgeRule {
  readonly bridge: string
  readonly subnet: string
  readonly internal: boolean
}

/**
 * One instance's rules, in tables that carry its name; nobody else's are touched. Networks and published ports are
 * elements of sets and maps, so that a container adds elements, never rules.
 */
export class Rules {
  readonly #table: string

  constructor(instance: string) {
    this.#table = `galley_${instance.replaceAll('-', '_')}`
  }

  /** Replaces whatever is there by the rules for these networks and ports, in one transaction. */
  install(bridges: readonly BridgeRule[], ports: readonly { readonly address: string; readonly port: PublishedPort }[]): void {
    const table = this.#table
    nft(`add table ip ${table}
delete table ip ${table}
table ip ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set subnets { type ipv4_addr; flags interval; }
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map bound { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump published
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump published
  }
  chain published {
    dnat ip to ip daddr . meta l4proto . th dport map @bound
    dnat ip to meta l4proto . th dport map @ports
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 127.0.0.0/8 iifname != "lo" drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
    ct status dnat iifname @bridges oifname @bridges masquerade
    ip saddr @subnets oifname != @bridges masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct status dnat accept
    meta iifname . meta oifname @pairs accept
    iifname @internal drop
    oifname @internal drop
    oifname @bridges iifname @bridges drop
  }
  set pairs { type ifname . ifname; }
}
${bridges.map((rule) => this.#bridgeElements(rule)).join('')}${ports.map(({ address, port }) => this.#portElement('add', address, port)).join('')}`)
  }

  addBridge(rule: BridgeRule): void {
    nft(this.#bridgeElements(rule))
  }

  publish(address: string, ports: readonly PublishedPort[]): void {
    nft(ports.map((port) => this.#portElement('add', address, port)).join(''))
  }

  unpublish(address: string, ports: readonly PublishedPort[]): void {
    nft(ports.map((port) => this.#portElement('delete', address, port)).join(''))
  }

  remove(): void {
    nft(`add table ip ${this.#table}\ndelete table ip ${this.#table}\n`)
  }

  #bridgeElements({ bridge, subnet, internal }: BridgeRule): string {
    const table = this.#table
    const kind = internal ? `add element ip ${table} internal { "${bridge}" }\n` : `add element ip ${table} subnets { ${subnet} }\n`
    return `add element ip ${table} bridges { "${bridge}" }\nadd element ip ${table} pairs { "${bridge}" . "${bridge}" }\n${kind}`
  }

  #portElement(verb: 'add' | 'delete', address: string, { hostIp, hostPort, containerPort, protocol }: PublishedPort): string {
    const key = hostIp === '0.0.0.0' ? `ports { ${protocol} . ${hostPort}` : `bound { ${hostIp} . ${protocol} . ${hostPort}`
    return `${verb} element ip ${this.#table} ${key}${verb === 'add' ? ` : ${address} . ${containerPort}` : ''} }\n`
  }
}
