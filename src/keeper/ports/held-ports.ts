import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { isPassing } from '../passing.ts'
import { forwardDatagrams } from './datagrams.ts'
import { forwardStreams } from './streams.ts'

/** A published port: a socket of the host that is held for a container, and where what arrives on it goes. */
export interface HeldPort {
  readonly protocol: 'tcp' | 'udp'
  /** Address and port of the host, IPv4 or IPv6. */
  readonly address: string
  readonly port: number
  /** The container's address and port. */
  readonly to: { readonly address: string; readonly port: number }
}

/** All ports of one container; none: it gives them back. */
export interface PortsOfContainer {
  readonly container: string
  readonly ports: readonly HeldPort[]
}

/** A socket of the host that passes on what arrives. */
export interface Forwarder extends AsyncDisposable {
  /** From now on to there. TCP connections that are open stay where they are. */
  lead(to: HeldPort['to']): void
}

interface Held {
  container: string
  readonly forwarder: Forwarder
}

/**
 * Published ports of the instance, held by real sockets so that no other program can take them. The kernel leads most to the container
 * before it reaches these sockets; IPv6 to a container without, `::1`, and everything while somebody has flushed the rules, is forwarded here.
 */
export class HeldPorts {
  readonly #directory: string
  readonly #clock: Clock
  /** By protocol, address and port. */
  readonly #held = new Map<string, Held>()
  /** What each container asked for, as text. */
  readonly #asked = new Map<string, string>()

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Takes up what the last keeper held; what somebody else has taken meanwhile is left to the kernel's rules. */
  async restore(): Promise<void> {
    for (const container of readdirSync(this.#directory)) {
      const ports = this.#kept(container)
      if (ports === undefined) {
        unlinkSync(this.#path(container))
        continue
      }
      // Two had the same port when the last keeper died while one was taking over from the other.
      const opened = await Promise.allSettled(ports.filter((port) => !this.#held.has(keyOf(port))).map((port) => this.#open(port)))
      for (const result of opened) if (result.status === 'fulfilled') this.#keep(container, result.value)
      // For want of descriptors, say: the daemon tells of them again, and then they are tried again.
      const isLacking = opened.some((result) => result.status === 'rejected' && isPassing(result.reason))
      this.#asked.set(container, isLacking ? '' : JSON.stringify({ container, ports }))
    }
  }

  /** Undefined when the last keeper died while it wrote them down: the daemon tells them again. */
  #kept(container: string): readonly HeldPort[] | undefined {
    try {
      return (JSON.parse(readFileSync(this.#path(container), 'utf8')) as PortsOfContainer).ports
    } catch {
      return undefined
    }
  }

  /** Gives back the ports of all other containers, at once: who asks for some meanwhile is none of those. */
  async keepOnly(containers: ReadonlySet<string>): Promise<void> {
    const others = [...this.#asked.keys()].filter((container) => !containers.has(container))
    await Promise.all(others.map((container) => this.#forget(container)))
  }

  /**
   * Holds all of a container's ports, or none. One that another container holds goes over to this one without being closed: who may
   * have it is the daemon's to say. Rejects with the system's error, such as `EADDRINUSE`.
   */
  async hold(wanted: PortsOfContainer): Promise<void> {
    const { container, ports } = wanted
    const text = JSON.stringify(wanted)
    if (this.#asked.get(container) === text) return
    const keys = new Set(ports.map(keyOf))
    await this.#release(container, (key) => !keys.has(key))
    if (ports.length === 0) return await this.#forget(container)
    const results = await Promise.allSettled(ports.filter((port) => !this.#held.has(keyOf(port))).map((port) => this.#open(port)))
    const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      await Promise.all(opened.map(({ forwarder }) => forwarder[Symbol.asyncDispose]()))
      await this.#forget(container)
      throw failed.reason as Error
    }
    for (const one of opened) this.#keep(container, one)
    for (const port of ports) this.#takeOver(container, port)
    this.#asked.set(container, text)
    writeFileSync(this.#path(container), text)
  }

  #keep(container: string, { key, forwarder }: { readonly key: string; readonly forwarder: Forwarder }): void {
    this.#held.set(key, { container, forwarder })
  }

  #takeOver(container: string, port: HeldPort): void {
    const held = this.#held.get(keyOf(port))
    if (held === undefined) return
    // What that one asked for is no longer what it has: it may ask for the same again.
    if (held.container !== container) this.#asked.set(held.container, '')
    held.container = container
    held.forwarder.lead(port.to)
  }

  async #forget(container: string): Promise<void> {
    this.#asked.delete(container)
    if (existsSync(this.#path(container))) unlinkSync(this.#path(container))
    await this.#release(container, () => true)
  }

  /** Closes those of a container's sockets that `goes` selects. */
  async #release(container: string, goes: (key: string) => boolean): Promise<void> {
    const going = [...this.#held].filter(([key, held]) => held.container === container && goes(key))
    for (const [key] of going) this.#held.delete(key)
    await Promise.all(going.map(([, { forwarder }]) => forwarder[Symbol.asyncDispose]()))
  }

  async #open(port: HeldPort): Promise<{ readonly key: string; readonly forwarder: Forwarder }> {
    const forwarder = await (port.protocol === 'tcp' ? forwardStreams(port) : forwardDatagrams(port, this.#clock))
    return { key: keyOf(port), forwarder }
  }

  #path(container: string): string {
    return `${this.#directory}/${container}`
  }
}

function keyOf({ protocol, address, port }: HeldPort): string {
  return `${protocol} ${address} ${port}`
}
