import { GalleyError } from '#base/error.ts'
import { freeze, thaw } from '#host/cgroup/freezer.ts'
import { groupOf } from './cgroup.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { saveState } from './save-state.ts'

/** `docker pause`: every process of the container stops where it is. Throws `conflict` when it is paused or doesn't run. */
export function pause(engine: Engine, reference: string): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    const { status } = container.state
    if (status === 'paused') throw new GalleyError('conflict', `Container ${id} is already paused`)
    if (status === 'restarting') throw new GalleyError('conflict', `Container ${id} is restarting, wait until the container is running`)
    if (status !== 'running') throw new GalleyError('conflict', `Container ${id} is not running`)
    if (!(await standStill(engine, container))) throw new GalleyError('conflict', `Container ${id} is not running`)
    container.state.status = 'paused'
    await saveState(engine, container)
    engine.events.emit('container', 'pause', id, eventAttributes(container))
  })
}

/** Stops every process of a container where it is. False when it has ended, or somebody ends it meanwhile: what stands still dies of no signal. */
export async function standStill(engine: Engine, container: Container): Promise<boolean> {
  const { forced, stoppedByHand } = container.state
  if (!(await freeze(groupOf(engine, container)))) return false
  if (container.state.forced === forced && container.state.stoppedByHand === stoppedByHand) return true
  thaw(groupOf(engine, container))
  return false
}

/** `docker unpause`. Throws `conflict` when the container isn't paused. */
export function unpause(engine: Engine, reference: string): Promise<void> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    if (container.state.status !== 'paused') throw new GalleyError('conflict', `Container ${id} is not paused`)
    thaw(groupOf(engine, container))
    container.state.status = 'running'
    await saveState(engine, container)
    engine.events.emit('container', 'unpause', id, eventAttributes(container))
  })
}
