import type { PublishedPort } from '#engine/containers/model.ts'
import { listTable, nft } from '#host/nftables/run.ts'
import type { GatewayMode } from './bridge-options.ts'
import { isRouted } from './ports.ts'
import { ruleset, type Family } from './ruleset.ts'

/** What a table needs to know of a bridge network. */
export interface BridgeRule {
  readonly bridge: string
  /** Of the table's family; empty on a network without. */
  readonly subnet: string
  readonly internal: boolean
  /** Whether packets that leave the host carry its address instead of the container's. Default: yes. */
  readonly masquerade?: boolean
  /** Whether its containers reach each other. Default: yes. */
  readonly icc?: boolean
  /** Of the table's family. Default: nat. */
  readonly mode?: GatewayMode
  /** The address that packets carry which leave the host; empty or absent: that of the interface that they leave by. */
  readonly source?: string
  /** Interfaces from which its containers are reached by their own addresses. */
  readonly trusted?: readonly string[]
}

/** A port of the host, and the address of a container that it leads to. */
export interface PublishedAddress {
  readonly address: string
  readonly port: PublishedPort
}

/**
 * One instance's rules of one family. Networks and published ports are elements of sets and maps, so that a container adds
 * elements, never rules.
 */
export class RuleTable {
  readonly #family: Family
  readonly #name: string
  readonly #table: string
  /** The table as it is listed when it is as it should be; undefined while it isn't installed. */
  #listing: string | undefined

  constructor(family: Family, name: string) {
    this.#family = family
    this.#name = name
    this.#table = `${family} ${name}`
  }

  /** As `Rules.install`, for this family's bridges and ports. */
  install(bridges: readonly BridgeRule[], ports: readonly PublishedAddress[] | undefined): void {
    const elements = bridges.map((rule) => this.#bridgeElements(rule)).join('')
    if (ports === undefined) this.#installKeepingPorts(elements)
    else this.#replace(`${elements}${ports.map((port) => this.#portElement('add', port)).join('')}`)
    // Once: a later look could already see what somebody else has done to it.
    this.#listing ??= listTable(this.#table)
  }

  /** Whether nobody has changed the rules since they were installed. */
  get intact(): boolean {
    return this.#listing === undefined || listTable(this.#table) === this.#listing
  }

  addBridge(rule: BridgeRule): void {
    nft(this.#bridgeElements(rule))
  }

  publish(ports: readonly PublishedAddress[]): void {
    if (ports.length > 0) nft(ports.map((port) => this.#portElement('add', port)).join(''))
  }

  /** As `publish`, whatever the rules said about these ports before. */
  republish(ports: readonly PublishedAddress[]): void {
    for (const port of ports) {
      // The same element twice is no error; an old one with another value is.
      try {
        nft(this.#portElement('add', port))
      } catch {
        nft(`${this.#portElement('delete', port)}${this.#portElement('add', port)}`)
      }
    }
  }

  unpublish(ports: readonly PublishedAddress[]): void {
    if (ports.length > 0) nft(ports.map((port) => this.#portElement('delete', port)).join(''))
  }

  /** Other addresses for ports that are published already, in one transaction; packets of known connections go on as they did. */
  lead(before: readonly PublishedAddress[], after: readonly PublishedAddress[]): void {
    const changes = [...before.map((port) => this.#portElement('delete', port)), ...after.map((port) => this.#portElement('add', port))]
    if (changes.length > 0) nft(changes.join(''))
  }

  remove(): void {
    nft(`add table ${this.#table}\ndelete table ${this.#table}\n`)
    this.#listing = undefined
  }

  #installKeepingPorts(elements: string): void {
    const emptied = ['bridges', 'internal', 'subnets', 'pairs', 'open', 'pingable', 'homes'].map(
      (set) => `flush set ${this.#table} ${set}\n`,
    )
    try {
      nft(
        `add table ${this.#table}\nflush table ${this.#table}\n${ruleset(this.#family, this.#name)}${emptied.join('')}flush map ${this.#table} sources\n${elements}`,
      )
    } catch {
      // Another version of Galley left a table of another shape.
      this.#replace(elements)
    }
  }

  #replace(elements: string): void {
    nft(`add table ${this.#table}\ndelete table ${this.#table}\n${ruleset(this.#family, this.#name)}${elements}`)
  }

  #bridgeElements({
    bridge,
    subnet,
    internal,
    masquerade = true,
    icc = true,
    mode = 'nat',
    source = '',
    trusted = [],
  }: BridgeRule): string {
    const add = (set: string, element: string, wanted = true): string =>
      wanted ? `add element ${this.#table} ${set} { ${element} }\n` : ''
    const hides = subnet !== '' && !internal && masquerade && mode !== 'routed'
    return [
      add('bridges', `"${bridge}"`),
      add('pairs', `"${bridge}" . "${bridge}"`, icc),
      ...trusted.map((name) => add('pairs', `"${name}" . "${bridge}"`)),
      add('homes', `${subnet} . "${bridge}"`, subnet !== ''),
      add('internal', `"${bridge}"`, internal),
      add('subnets', subnet, hides && source === ''),
      add('sources', `${subnet} : ${source}`, hides && source !== ''),
      add('pingable', `"${bridge}"`, mode === 'routed'),
      add('open', `"${bridge}"`, mode === 'nat-unprotected'),
    ].join('')
  }

  #portElement(verb: 'add' | 'delete', { address, port }: PublishedAddress): string {
    const { hostIp, hostPort, containerPort, protocol } = port
    const element = `${verb} element ${this.#table}`
    if (isRouted(port)) return `${element} routed { ${address} . ${protocol} . ${containerPort} }\n`
    const key = ['0.0.0.0', '::'].includes(hostIp) ? `ports { ${protocol} . ${hostPort}` : `bound { ${hostIp} . ${protocol} . ${hostPort}`
    return `${element} ${key}${verb === 'add' ? ` : ${address} . ${containerPort}` : ''} }\n`
  }
}
