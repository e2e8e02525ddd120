import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import { deleteNetworkNamespace } from '#host/netns/create.ts'

/** Milliseconds for which a namespace that nobody is in any more waits for others. */
const patience = 1000

/**
 * Network namespaces that are about to go. The kernel takes one apart with the lock in hand that every change of an interface needs, and
 * waits for all processors meanwhile; several at once cost it as much as one. Where containers come and go, each start would wait for
 * the end of some other.
 */
export class LeavingNamespaces implements Disposable {
  readonly #clock: Clock
  /** By path: the addresses that are in it. */
  readonly #leaving = new Map<string, readonly string[]>()
  #due: Disposable | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Lets the namespace at `path` go soon; the first word on its addresses counts. */
  add(path: string, addresses: readonly string[]): void {
    if (this.#leaving.has(path)) return
    this.#leaving.set(path, addresses)
    this.#due ??= this.#clock.after(patience, () => this[Symbol.dispose]())
  }

  /** Lets those go at once that have one of these addresses: two that answer for one would confuse their neighbours. */
  release(addresses: readonly string[]): void {
    for (const [path, held] of this.#leaving) if (held.some((address) => addresses.includes(address))) this.#delete(path)
  }

  /** Forgets a path that is used anew: whoever calls it has deleted what was there. */
  forget(path: string): void {
    this.#leaving.delete(path)
  }

  /** Lets all of them go at once. */
  [Symbol.dispose](): void {
    this.#due?.[Symbol.dispose]()
    this.#due = undefined
    for (const path of this.#leaving.keys()) this.#delete(path)
  }

  /** One that can't be deleted now is with the next ones: neither the others nor the daemon may suffer for it. */
  #delete(path: string): void {
    try {
      deleteNetworkNamespace(path)
      this.#leaving.delete(path)
    } catch (error) {
      process.stderr.write(`${path}: ${messageOf(error)}\n`)
    }
  }
}
