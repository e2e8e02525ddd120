import { isIPv4, isIPv6 } from 'node:net'
import { hasIPv6 } from '#host/netns/ipv6.ts'
import { watchTable, type TableWatcher } from '#host/nftables/watch.ts'
import { bridgeOptions } from './bridge-options.ts'
import type { Network } from './model.ts'
import { RuleTable, type BridgeRule, type PublishedAddress } from './rule-table.ts'

/** Name of an instance's tables. */
export function tableName(instance: string): string {
  return `galley_${instance.replaceAll('-', '_')}`
}

/**
 * One instance's rules, in tables that carry its name, one for each family; nobody else's are touched. The table of IPv6 is there
 * while a network has IPv6.
 */
export class Rules {
  readonly #name: string
  readonly #ipv4: RuleTable
  readonly #ipv6: RuleTable

  constructor(instance: string) {
    this.#name = tableName(instance)
    this.#ipv4 = new RuleTable('ip', this.#name)
    this.#ipv6 = new RuleTable('ip6', this.#name)
  }

  /**
   * Puts these networks' rules in place of whatever is there, one transaction a family. Without `ports`, published ports stay as
   * they are: a daemon that starts again must not cut its containers off until it knows what they hold.
   */
  install(networks: readonly Network[], ports?: readonly PublishedAddress[]): void {
    this.#ipv4.install(networks.map(ipv4Rule), ports?.filter(isIPv4Pair))
    const rules = hasIPv6() ? networks.flatMap(ipv6Rules) : []
    if (rules.length > 0) this.#ipv6.install(rules, ports?.filter(isIPv6Pair))
    else if (hasIPv6()) this.#ipv6.remove()
  }

  /** Whether nobody has changed the rules since they were installed. */
  get intact(): boolean {
    return this.#ipv4.intact && this.#ipv6.intact
  }

  /** Calls back when rules are taken away, or by somebody else elements. Throws `SystemCallError`. */
  watch(watcher: TableWatcher): Disposable {
    return watchTable(this.#name, watcher)
  }

  /** Throws when the tables aren't what they should be, as with the first network that has IPv6. */
  addBridge(network: Network): void {
    this.#ipv4.addBridge(ipv4Rule(network))
    for (const rule of ipv6Rules(network)) this.#ipv6.addBridge(rule)
  }

  publish(ports: readonly PublishedAddress[]): void {
    this.#ipv4.publish(ports.filter(isIPv4Pair))
    this.#ipv6.publish(ports.filter(isIPv6Pair))
  }

  /** As `publish`, whatever the rules said about these ports before. */
  republish(ports: readonly PublishedAddress[]): void {
    this.#ipv4.republish(ports.filter(isIPv4Pair))
    this.#ipv6.republish(ports.filter(isIPv6Pair))
  }

  /** These ports lead elsewhere from now on: one transaction a family, so that no connection finds none. */
  lead(before: readonly PublishedAddress[], after: readonly PublishedAddress[]): void {
    this.#ipv4.lead(before.filter(isIPv4Pair), after.filter(isIPv4Pair))
    this.#ipv6.lead(before.filter(isIPv6Pair), after.filter(isIPv6Pair))
  }

  unpublish(ports: readonly PublishedAddress[]): void {
    this.#ipv4.unpublish(ports.filter(isIPv4Pair))
    this.#ipv6.unpublish(ports.filter(isIPv6Pair))
  }
}

/** Rules lead from a family to itself; to a container that has only the other one is the keeper's to pass on. */
function isIPv4Pair({ address, port: { hostIp } }: PublishedAddress): boolean {
  return isIPv4(address) && isIPv4(hostIp)
}

function isIPv6Pair({ address, port: { hostIp } }: PublishedAddress): boolean {
  return isIPv6(address) && isIPv6(hostIp)
}

function ipv4Rule(network: Network): BridgeRule {
  return ruleOf(network, network.subnet, 'ipv4')
}

function ipv6Rules(network: Network): BridgeRule[] {
  return network.ipv6 === undefined ? [] : [ruleOf(network, network.ipv6.subnet, 'ipv6')]
}

function ruleOf({ bridge, internal, options }: Network, subnet: string, family: 'ipv4' | 'ipv6'): BridgeRule {
  const { masquerade, icc, trusted, gatewayMode, source } = bridgeOptions(options)
  return { bridge, subnet, internal, masquerade, icc, trusted, mode: gatewayMode[family], source: source[family] }
}
