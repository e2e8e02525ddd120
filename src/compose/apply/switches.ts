import type { Traffic } from '#engine/networks/meter.ts'
import type { Meter, World } from './world.ts'

/** What came to both containers of a switch from shortly before it until the old one had ended. */
export interface Counted {
  readonly old: Traffic
  readonly next: Traffic
}

/** The switches of one command that are counted. Counting is no reason for an update to fail: where the kernel can't, nothing is told. */
export class Switches implements Disposable {
  readonly #world: World
  readonly #meters = new Map<string, readonly [old: Meter, next: Meter]>()

  constructor(world: World) {
    this.#world = world
  }

  begin(old: string, next: string, ports: readonly number[]): void {
    using stack = new DisposableStack()
    try {
      const [first, second] = [old, next].map((container) => stack.use(this.#world.containers.meter(container, ports)))
      if (first === undefined || second === undefined) return
      this.#meters.set(old, [first, second])
      stack.move()
    } catch {
      // Told by what is missing.
    }
  }

  /** After the old one has stopped, and before it is removed. */
  end(old: string): Counted | undefined {
    const meters = this.#meters.get(old)
    if (meters === undefined) return undefined
    const counted = { old: meters[0].read(), next: meters[1].read() }
    this.#forget(old)
    return counted
  }

  #forget(old: string): void {
    for (const meter of this.#meters.get(old) ?? []) meter[Symbol.dispose]()
    this.#meters.delete(old)
  }

  [Symbol.dispose](): void {
    for (const old of this.#meters.keys()) this.#forget(old)
  }
}
