import { once } from 'node:events'
import type { Server } from 'node:net'
import type { KeeperClient } from '#engine/containers/keeper-client.ts'
import { listenerOf, takeDescriptor } from '#host/process/listeners.ts'

type Keeper = Pick<KeeperClient, 'listener' | 'holdListener'>

interface Door {
  readonly server: Server
  /** What the server listens on, such that it can't be mistaken for another; undefined for what isn't there yet. */
  readonly address: () => string | undefined
  /** Listens anew; resolves when it does. */
  readonly open: () => Promise<void>
}

/**
 * Listening sockets that the keeper holds as well, so that their clients wait, and are not refused, while a daemon that died is started
 * again. Where the kernel refuses that, or the keeper died too, each daemon listens anew.
 */
export class KeptListeners {
  readonly #keeper: Keeper
  readonly #doors = new Map<string, Door>()

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  /** Listens on what the daemon before left under this name, or else anew, and leaves it to the next one. Throws what `open` throws. */
  async listen(name: string, door: Door): Promise<void> {
    if (!(await this.#takeOver(name, door))) await door.open()
    this.#doors.set(name, door)
    await this.#tell(name, door)
  }

  /** For a server that is closed on purpose. */
  async close(name: string): Promise<void> {
    this.#doors.delete(name)
    await this.#keeper.holdListener(name, undefined).catch(() => undefined)
  }

  /** For a keeper that takes another's place. */
  async tellAll(): Promise<void> {
    for (const [name, door] of this.#doors) await this.#tell(name, door)
  }

  async #takeOver(name: string, { server, address }: Door): Promise<boolean> {
    try {
      const held = await this.#keeper.listener(name, address() ?? '')
      if (held === undefined) return false
      const fd = takeDescriptor(held)
      server.listen({ fd })
      await once(server, 'listening')
      return true
    } catch {
      // A keeper may reach into its daemon where the daemon may not reach into it: no port would be free while it is held there.
      await this.close(name)
      return false
    }
  }

  /** A keeper that can't be told is dead, and the next one is told; one that can't hold it is of no use here. */
  async #tell(name: string, { server, address }: Door): Promise<void> {
    const at = address()
    if (at === undefined || !server.listening) return
    await this.#keeper.holdListener(name, { address: at, ...listenerOf(server) }).catch(() => undefined)
  }
}
