import { messageOf } from '#base/error.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/**
 * Writes down a state that is a fact whether or not there is room to write it: on a full disk containers must still be stopped,
 * end and be removed. False when it could not be written.
 */
export async function saveState(engine: Engine, container: Container): Promise<boolean> {
  try {
    await engine.containers.save(container)
    return true
  } catch (error) {
    engine.log.warn('a state could not be written down', { container: container.id, error: messageOf(error) })
    return false
  }
}
