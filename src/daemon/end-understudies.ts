import { kindOf, messageOf } from '#base/error.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { remove } from '#engine/containers/remove.ts'
import { stop } from '#engine/containers/stop.ts'

/** Whether a container stands beside another one because of an update that broke off with the daemon. */
export function isLeftOver({ understudy }: Container): boolean {
  return understudy === true
}

/** Ends what updates left behind: whichever of the two has the ports and names goes on, the other one stops and goes. */
export async function endUnderstudies(engine: Engine): Promise<void> {
  await Promise.all(
    engine.containers
      .list()
      .filter(isLeftOver)
      .map((container) => endOne(engine, container)),
  )
}

async function endOne(engine: Engine, { id, name }: Container): Promise<void> {
  try {
    await stop(engine, id).catch((error: unknown) => {
      if (kindOf(error) !== 'unchanged') throw error
    })
    await remove(engine, id, { force: true, volumes: false })
    engine.log.info('what an update left behind was removed', { container: id, name })
  } catch (error) {
    // The next command about its project may have been faster.
    if (kindOf(error) !== 'not found') engine.log.warn('what an update left behind stays', { container: id, error: messageOf(error) })
  }
}
