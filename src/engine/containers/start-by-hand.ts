import { GalleyError } from '#base/error.ts'
import { shortId } from '#base/id.ts'
import type { Engine } from './engine.ts'
import { removeAfterRun } from './remove.ts'
import { launch } from './start.ts'
import { isRunning } from './status.ts'

/**
 * `docker start`. Resolves when the process runs. Throws `unchanged` when it does already, `invalid` when it can't be started;
 * a container that was to live for one run is removed then.
 */
export async function start(engine: Engine, reference: string): Promise<void> {
  const container = engine.containers.get(reference)
  const { id, hostConfig } = container
  try {
    await engine.containers.inTurn(id, () => startNow(engine, id))
  } catch (error) {
    if (hostConfig.AutoRemove && !isRunning(container)) await removeAfterRun(engine, container)
    throw error
  }
}

async function startNow(engine: Engine, id: string): Promise<void> {
  const container = engine.containers.get(id)
  const { status } = container.state
  if (status === 'paused') throw new GalleyError('conflict', 'cannot start a paused container, try unpause instead')
  if (status === 'running' || status === 'restarting') throw new GalleyError('unchanged', `container ${shortId(id)} is running already`)
  engine.restarts.forget(id)
  container.state.stoppedByHand = false
  container.restartCount = 0
  await launch(engine, container)
}
