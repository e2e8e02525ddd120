import type { Socket } from 'node:net'
import type { Clock } from '#base/clock.ts'

/** Milliseconds for which a start waits for an attach that was sent before it, and may have been lost. */
const patience = 10_000

/** The connections that carry processes' streams, by the keys of their requests. */
export class AttachedClients {
  readonly #clock: Clock
  readonly #sockets = new Map<number, Socket>()
  /** Starts that wait for an attach. */
  readonly #awaited = new Map<number, () => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Call `come` when its process has it. */
  add(key: number, socket: Socket): void {
    this.#sockets.set(key, socket)
    socket.on('close', () => this.#sockets.delete(key))
  }

  come(key: number): void {
    this.#awaited.get(key)?.()
  }

  /** Resolves when that attach is there, which is a matter of moments. Throws when it doesn't come. */
  async arrival(key: number): Promise<void> {
    if (this.#sockets.has(key)) return
    const come = Promise.withResolvers<void>()
    this.#awaited.set(key, come.resolve)
    using _limit = this.#clock.after(patience, () => come.reject(new Error('the client went away')))
    try {
      await come.promise
    } finally {
      this.#awaited.delete(key)
    }
  }

  end(key: number): void {
    this.#sockets.get(key)?.destroy()
  }

  endAll(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
  }
}
