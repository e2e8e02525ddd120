import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/**
 * A container that the creation of another one names. Throws `invalid` when it is not there: of a creation that says `not found`,
 * clients think that its image is missing, and pull that.
 */
export function otherContainer(engine: Engine, reference: string): Container {
  try {
    return engine.containers.get(reference)
  } catch (cause) {
    throw kindOf(cause) === 'not found' ? new GalleyError('invalid', messageOf(cause), { subject: reference, cause }) : cause
  }
}
