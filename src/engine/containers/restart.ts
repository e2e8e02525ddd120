import { kindOf } from '#base/error.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import { start } from './start-by-hand.ts'
import { isRunning } from './status.ts'
import { halt, type StopWishes } from './stop.ts'

/** `docker restart`. Throws `not found`, and what `start` throws, but not when somebody else has started it meanwhile. */
export async function restart(engine: Engine, reference: string, wishes: StopWishes): Promise<void> {
  const container = engine.containers.get(reference)
  using _kept = engine.restarts.byHand(container.id)
  if (isRunning(container)) await halt(engine, container, wishes)
  try {
    await start(engine, container.id)
  } catch (error) {
    if (kindOf(error) !== 'unchanged') throw error
  }
  engine.events.emit('container', 'restart', container.id, eventAttributes(container))
}
