import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { GalleyError } from '#base/error.ts'
import { isPortTaken } from '#host/netns/port-taken.ts'
import type { PublishedPort } from '#engine/containers/model.ts'

const firstEphemeral = 32_768
const lastEphemeral = 60_999
const listening = { tcp: '0A', udp: '07' } as const

/** Which container holds which port of the host, so that a taken one is refused before anything starts. */
export class PortReservations {
  readonly #held = new Map<string, { readonly container: string; readonly hostIp: string }[]>()
  #next = firstEphemeral

  /** All of them or none. Throws `conflict` that names who holds a port. */
  reserve(container: string, wanted: readonly PublishedPort[]): PublishedPort[] {
    const granted: PublishedPort[] = []
    try {
      for (const port of wanted) granted.push(this.#reserveOne(container, port))
    } catch (error) {
      this.release(container)
      throw error
    }
    return granted
  }

  /** Takes down what a container held before the daemon started; nobody is asked. */
  hold(container: string, ports: readonly PublishedPort[]): void {
    for (const port of ports) this.#keep(container, port)
  }

  release(container: string): void {
    for (const [key, holders] of this.#held) {
      const others = holders.filter((holder) => holder.container !== container)
      if (others.length === 0) this.#held.delete(key)
      else this.#held.set(key, others)
    }
  }

  #reserveOne(container: string, wanted: PublishedPort): PublishedPort {
    if (!isIPv4(wanted.hostIp))
      throw new GalleyError('not implemented', `publishing on ${wanted.hostIp} is not implemented by Galley`, { subject: wanted.hostIp })
    const port = wanted.hostPort === 0 ? { ...wanted, hostPort: this.#free(wanted) } : wanted
    const holder = this.#holder(port)
    if (holder !== undefined) {
      throw new GalleyError(
        'conflict',
        `driver failed programming external connectivity on endpoint: Bind for ${port.hostIp}:${port.hostPort} failed: port is already allocated (by ${holder})`,
        {
          code: 'port.taken',
          subject: `${port.hostPort}`,
          advice: `Stop ${holder}, or publish another port.`,
        },
      )
    }
    this.#keep(container, port)
    return port
  }

  #keep(container: string, { protocol, hostPort, hostIp }: PublishedPort): void {
    const key = `${protocol}/${hostPort}`
    this.#held.set(key, [...(this.#held.get(key) ?? []), { container, hostIp }])
  }

  #free(port: PublishedPort): number {
    for (let attempt = firstEphemeral; attempt <= lastEphemeral; attempt++) {
      const hostPort = this.#next
      this.#next = this.#next === lastEphemeral ? firstEphemeral : this.#next + 1
      if (this.#holder({ ...port, hostPort }) === undefined) return hostPort
    }
    throw new GalleyError('unavailable', 'no port is free between 32768 and 60999')
  }

  #holder({ hostIp, hostPort, protocol }: PublishedPort): string | undefined {
    const ours = this.#held
      .get(`${protocol}/${hostPort}`)
      ?.find((holder) => holder.hostIp === hostIp || holder.hostIp === '0.0.0.0' || hostIp === '0.0.0.0')
    return ours === undefined ? listener(hostIp, hostPort, protocol) : `container ${ours.container.slice(0, 12)}`
  }
}

/** The process that listens on a port of the host, from /proc/net. */
function listener(hostIp: string, port: number, protocol: 'tcp' | 'udp'): string | undefined {
  if (!isPortTaken(hostIp, port, protocol)) return undefined
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of readFileSync(`/proc/thread-self/net/${table}`, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const [address = '', hexPort = ''] = fields[1]?.split(':') ?? []
      if (Number.parseInt(hexPort, 16) !== port || fields[3] !== listening[protocol] || !covers(address, hostIp)) continue
      return owner(fields[9] ?? '') ?? 'a process of another namespace'
    }
  }
  return 'an unknown process'
}

function covers(hexAddress: string, hostIp: string): boolean {
  if (hostIp === '0.0.0.0' || /^0+$/.test(hexAddress)) return true
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
