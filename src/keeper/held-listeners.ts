import { closeSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'
import { takeDescriptor, type Descriptor } from '#host/process/listeners.ts'
import type { ListenerSpec } from './protocol.ts'

/** Milliseconds for which clients wait for the next daemon when one has died; after that they are refused. */
const patience = 30_000

interface Held {
  readonly address: string
  readonly fd: number
  /** Of a daemon that has died. */
  end?: Disposable
}

/**
 * The sockets that the daemon listens on, by names: while one is held here, too, its clients wait in the kernel's queue when the daemon
 * has died, and the next daemon finds them there (docs/decisions/0017-held-listeners.md).
 */
export class HeldListeners {
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()
  #daemon: Socket | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** In the place of what is held by this name, for as long as `daemon` is connected, and a while longer. Throws what the kernel refuses. */
  hold(name: string, { address, ...descriptor }: ListenerSpec, daemon: Socket): void {
    const held = { address, fd: takeDescriptor(descriptor) }
    this.release(name)
    this.#held.set(name, held)
    if (this.#daemon !== daemon) daemon.once('close', () => this.#left(daemon))
    this.#daemon = daemon
  }

  /** What is held by a name, if it is at this address; what is elsewhere is of no use to a daemon any more, and is let go. */
  find(name: string, address: string): Descriptor | undefined {
    const held = this.#held.get(name)
    if (held?.address === address) return { pid: process.pid, fd: held.fd }
    this.release(name)
    return undefined
  }

  release(name: string): void {
    const held = this.#held.get(name)
    if (held === undefined) return
    this.#held.delete(name)
    held.end?.[Symbol.dispose]()
    closeSync(held.fd)
  }

  /** Clients are refused from now on, once the daemon has closed its own. */
  releaseAll(): void {
    for (const name of this.#held.keys()) this.release(name)
  }

  #left(daemon: Socket): void {
    if (this.#daemon !== daemon) return
    for (const [name, held] of this.#held) held.end ??= this.#clock.after(patience, () => this.release(name))
  }
}
