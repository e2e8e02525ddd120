import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'

/**
 * Books that processes of a container were killed because memory ran out: its own limit's, or that of all containers together.
 * `live` when it was seen happening; else it is what a keeper tells a daemon that comes to it, which may be known already.
 */
export async function outOfMemory(engine: Engine, id: string, live: boolean): Promise<void> {
  // In its turn: the start may not have been written down yet, and its exit comes after.
  await engine.containers.inTurn(id, async () => {
    const container = engine.containers.find(id)
    if (container === undefined || (!live && container.state.oomKilled)) return
    container.state.oomKilled = true
    engine.events.emit('container', 'oom', id, eventAttributes(container))
    await engine.containers.save(container)
  })
}
