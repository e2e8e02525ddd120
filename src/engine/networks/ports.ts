import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isIP, isIPv4 } from 'node:net'
import { GalleyError } from '#base/error.ts'
import { isPortTaken } from '#host/netns/port-taken.ts'
import type { PublishedPort } from '#engine/containers/model.ts'

const firstEphemeral = 32_768
const lastEphemeral = 60_999
const listening = { tcp: '0A', udp: '07' } as const

/** Which container holds which port of the host, so that a taken one is refused before anything starts. */
export class PortReservations {
  readonly #held = new Map<string, { readonly container: string; readonly hostIp: string }[]>()
  readonly #nameOf: (container: string) => string | undefined
  #next = firstEphemeral

  constructor(nameOf: (container: string) => string | undefined = () => undefined) {
    this.#nameOf = nameOf
  }

  /**
   * All of them or none; those without an address become one for each family. Families that are `routed` need no port of the host.
   * Throws `conflict` that names who holds a port.
   */
  reserve(container: string, wanted: readonly PublishedPort[], routed: readonly IPFamily[] = []): PublishedPort[] {
    try {
      // What may get any port must not get one that is asked for by its number.
      const inTurn = wanted.toSorted((a, b) => choicesOf(a) - choicesOf(b))
      return inTurn.flatMap((port) => this.#reserveOne(container, port, routed))
    } catch (error) {
      this.release(container)
      throw error
    }
  }

  /** Takes down what a container held before the daemon started; nobody is asked. */
  hold(container: string, ports: readonly PublishedPort[]): void {
    for (const port of ports) if (!isRouted(port)) this.#keep(container, port)
  }

  release(container: string): void {
    for (const [key, holders] of this.#held) {
      const others = holders.filter((holder) => holder.container !== container)
      if (others.length === 0) this.#held.delete(key)
      else this.#held.set(key, others)
    }
  }

  #reserveOne(container: string, { hostPortEnd, ...wanted }: PublishedPort, routed: readonly IPFamily[]): PublishedPort[] {
    if (wanted.hostIp !== '' && isIP(wanted.hostIp) === 0)
      throw new GalleyError('invalid', `invalid host IP address: ${wanted.hostIp}`, { subject: wanted.hostIp })
    const addresses = (wanted.hostIp === '' ? everyAddress() : [wanted.hostIp]).filter((address) => !routed.includes(familyOf(address)))
    if (addresses.length === 0) return []
    const ports = this.#choose(wanted, hostPortEnd, addresses)
    for (const port of ports) this.#keep(container, port)
    return ports
  }

  /** The wished port, the first free one of the wished range, or any free one: the same for all addresses. */
  #choose(wanted: PublishedPort, end: number | undefined, addresses: readonly string[]): PublishedPort[] {
    const on = (hostPort: number): PublishedPort[] => addresses.map((hostIp) => ({ ...wanted, hostIp, hostPort }))
    const isFree = (ports: readonly PublishedPort[]): boolean => ports.every((port) => this.#holder(port) === undefined)
    for (let port = wanted.hostPort; end !== undefined && port <= end; port++) if (isFree(on(port))) return on(port)
    if (wanted.hostPort !== 0) {
      const taken = on(wanted.hostPort).find((port) => this.#holder(port) !== undefined)
      if (taken !== undefined) throw takenError(taken, this.#holder(taken) ?? '')
      return on(wanted.hostPort)
    }
    for (let attempt = firstEphemeral; attempt <= lastEphemeral; attempt++) {
      const hostPort = this.#next
      this.#next = this.#next === lastEphemeral ? firstEphemeral : this.#next + 1
      if (isFree(on(hostPort))) return on(hostPort)
    }
    throw new GalleyError('unavailable', 'no port is free between 32768 and 60999')
  }

  #keep(container: string, { protocol, hostPort, hostIp }: PublishedPort): void {
    const key = `${protocol}/${hostPort}`
    this.#held.set(key, [...(this.#held.get(key) ?? []), { container, hostIp }])
  }

  #holder(port: PublishedPort): string | undefined {
    const ours = this.#held.get(`${port.protocol}/${port.hostPort}`)?.find(({ hostIp }) => overlap(hostIp, port.hostIp))
    return ours === undefined ? listener(port) : `container ${this.#nameOf(ours.container) ?? ours.container.slice(0, 12)}`
  }
}

function choicesOf({ hostPort, hostPortEnd = hostPort }: PublishedPort): number {
  return hostPort === 0 ? lastEphemeral : hostPortEnd - hostPort
}

export function takenError({ hostIp, hostPort }: PublishedPort, holder: string): GalleyError {
  const address = isIPv4(hostIp) ? hostIp : `[${hostIp}]`
  return new GalleyError(
    'conflict',
    `failed to set up container networking: driver failed programming external connectivity on endpoint: Bind for ${address}:${hostPort} failed: port is already allocated (by ${holder})`,
    { code: 'port.taken', subject: `${hostPort}`, advice: `Stop ${holder}, or publish another port.` },
  )
}

export type IPFamily = 'ipv4' | 'ipv6'

const anyAddress: Readonly<Record<IPFamily, string>> = { ipv4: '0.0.0.0', ipv6: '::' }

/** The ports that are to be reached by the container's own address of these families; the host's side of a wish means nothing there. */
export function routedPorts(wanted: readonly PublishedPort[], families: readonly IPFamily[]): PublishedPort[] {
  const found = new Map<string, PublishedPort>()
  for (const { hostIp, containerPort, protocol } of wanted)
    for (const family of families)
      if (hostIp === '' || familyOf(hostIp) === family)
        found.set(`${family} ${containerPort}/${protocol}`, { hostIp: anyAddress[family], hostPort: 0, containerPort, protocol })
  return [...found.values()]
}

/** Whether what is published is reached by the container's own address, not through a port of the host. */
export function isRouted({ hostPort }: PublishedPort): boolean {
  return hostPort === 0
}

function familyOf(address: string): IPFamily {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}

/** Addresses of a port that was published without one: all of them, of every family that the host has. */
function everyAddress(): string[] {
  return hasIPv6() ? ['0.0.0.0', '::'] : ['0.0.0.0']
}

function hasIPv6(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', 'utf8').trim() === '0'
  } catch {
    return false
  }
}

function overlap(a: string, b: string): boolean {
  return isIPv4(a) === isIPv4(b) && (a === b || isEvery(a) || isEvery(b))
}

export function isEvery(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** The process that listens on a port of the host, from /proc/net. */
export function listener({ hostIp, hostPort, protocol }: PublishedPort): string | undefined {
  if (!isPortTaken(hostIp, hostPort, protocol)) return undefined
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of readFileSync(`/proc/thread-self/net/${table}`, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const [address = '', hexPort = ''] = fields[1]?.split(':') ?? []
      if (Number.parseInt(hexPort, 16) !== hostPort || fields[3] !== listening[protocol] || !covers(address, hostIp)) continue
      return owner(fields[9] ?? '') ?? 'a process of another namespace'
    }
  }
  return 'an unknown process'
}

function covers(hexAddress: string, hostIp: string): boolean {
  if (isEvery(hostIp) || !isIPv4(hostIp) || /^0+$/.test(hexAddress)) return true
  const own = hostIp
    .split('.')
    .toReversed()
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
  return hexAddress.endsWith(own)
}

function owner(inode: string): string | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`))
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`)
          return `process ${pid}, ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}`
    } catch {
      // It ended while it was looked at.
    }
  }
  return undefined
}
