import { existsSync } from 'node:fs'
import { GalleyError, kindOf } from '#base/error.ts'
import { deleteTree, discard } from '#host/files/discard.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { bundleDirectory, endRuntimes, tearDown } from './start.ts'
import { isAlive, kill } from './stop.ts'

/** `docker rm`: the record goes first, what it held is deleted after. Throws `conflict` for a running one without force. */
export async function remove(
  engine: Engine,
  reference: string,
  wishes: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  const container = engine.containers.get(reference)
  const { id } = container
  if (isAlive(container)) {
    if (!wishes.force) {
      throw new GalleyError(
        'conflict',
        `cannot remove container "${container.name}": container is running: stop the container before removing or force remove`,
      )
    }
    const gone = engine.containers.wait(container, 'not-running')
    container.state.stoppedByHand = true
    engine.restarts.forget(id)
    if (container.state.status === 'restarting') container.state.status = 'exited'
    else {
      await kill(engine, id, 'SIGKILL')
      await gone
    }
  }
  await engine.containers.inTurn(id, async () => {
    if (engine.containers.find(id) === undefined) return
    await tearDown(engine, container)
    await deleteRecord(engine, container)
    const directory = `${engine.data}/containers/${id}`
    if (existsSync(directory)) engine.trash.throwAway(directory)
    // Once more: one that had just begun when the container was torn down would now wait in a directory that is gone.
    endRuntimes(bundleDirectory(engine, id))
    discard(bundleDirectory(engine, id))
    if (wishes.volumes) await removeAnonymous(engine, container)
    engine.events.emit('container', 'destroy', id, eventAttributes(container))
  })
}

/** Volumes that nobody named; one that another container has too (`--volumes-from`) goes with the last of them, as in Docker. */
async function removeAnonymous(engine: Engine, { mounts }: Container): Promise<void> {
  for (const { type, name = '' } of mounts) {
    if (type !== 'volume' || !/^[0-9a-f]{64}$/.test(name)) continue
    try {
      await engine.volumes.remove(name)
    } catch (error) {
      if (!['conflict', 'not found'].includes(kindOf(error))) throw error
    }
  }
}

/** A full disk has no room even for the note that a record is gone: what the container holds makes some. */
async function deleteRecord(engine: Engine, container: Container): Promise<void> {
  try {
    await engine.containers.delete(container)
  } catch (error) {
    if (kindOf(error) !== 'unavailable') throw error
    await deleteTree(`${engine.data}/containers/${container.id}`)
    await engine.containers.delete(container)
  }
}
