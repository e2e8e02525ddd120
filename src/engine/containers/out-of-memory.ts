import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import { saveState } from './save-state.ts'

interface Death {
  /** The most bytes that the container had used; undefined where the kernel or an older keeper doesn't tell. */
  readonly peak: number | undefined
  /** It was seen happening; else it is what a keeper tells a daemon that comes to it, which may be known already. */
  readonly live: boolean
}

/** Books that processes of a container were killed because memory ran out: its own limit's, or that of all containers together. */
export async function outOfMemory(engine: Engine, id: string, { peak, live }: Death): Promise<void> {
  // In its turn: the start may not have been written down yet, and its exit comes after.
  await engine.containers.inTurn(id, async () => {
    const container = engine.containers.find(id)
    if (container === undefined || (!live && container.state.oomKilled)) return
    Object.assign(container.state, { oomKilled: true, memoryPeak: peak })
    engine.events.emit('container', 'oom', id, eventAttributes(container))
    await saveState(engine, container)
  })
}
