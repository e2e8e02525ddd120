import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
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

/**
 * Published ports of the instance, held by real sockets so that no other program can take them. The kernel leads most to the container
 * before it reaches these sockets; IPv6 to a container without, `::1`, and everything while somebody has flushed the rules, is forwarded here.
 */
export class HeldPorts {
  readonly #directory: string
  readonly #clock: Clock
  readonly #held = new Map<string, { readonly text: string; readonly sockets: readonly AsyncDisposable[] }>()

  constructor(directory: string, clock: Clock) {
    this.#directory = directory
    this.#clock = clock
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Takes up what the last keeper held; what somebody else has taken meanwhile is left to the kernel's rules. */
  async restore(): Promise<void> {
    for (const container of readdirSync(this.#directory)) {
      const { ports } = JSON.parse(readFileSync(this.#path(container), 'utf8')) as PortsOfContainer
      const sockets = await Promise.allSettled(ports.map((port) => this.#open(port)))
      const open = sockets.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      this.#held.set(container, { text: JSON.stringify({ container, ports }), sockets: open })
    }
  }

  /** Gives back the ports of all other containers. */
  async keepOnly(containers: ReadonlySet<string>): Promise<void> {
    for (const container of this.#held.keys()) if (!containers.has(container)) await this.#release(container)
  }

  /** Holds all of a container's ports, or none. Rejects with the system's error, such as `EADDRINUSE`. */
  async hold(wanted: PortsOfContainer): Promise<void> {
    const { container, ports } = wanted
    const text = JSON.stringify(wanted)
    if (this.#held.get(container)?.text === text) return
    await this.#release(container)
    if (ports.length === 0) return
    const results = await Promise.allSettled(ports.map((port) => this.#open(port)))
    const sockets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      await close(sockets)
      throw failed.reason as Error
    }
    this.#held.set(container, { text, sockets })
    writeFileSync(this.#path(container), text)
  }

  async #release(container: string): Promise<void> {
    const held = this.#held.get(container)
    this.#held.delete(container)
    if (existsSync(this.#path(container))) unlinkSync(this.#path(container))
    if (held !== undefined) await close(held.sockets)
  }

  #open(port: HeldPort): Promise<AsyncDisposable> {
    return port.protocol === 'tcp' ? forwardStreams(port) : forwardDatagrams(port, this.#clock)
  }

  #path(container: string): string {
    return `${this.#directory}/${container}`
  }
}

async function close(sockets: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()))
}
