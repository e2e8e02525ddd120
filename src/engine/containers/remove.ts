import { existsSync } from 'node:fs'
import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import { deleteTree, discard } from '#host/files/discard.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { removeAnonymous } from './remove-anonymous.ts'
import { bundleDirectory, endRuntimes, tearDown } from './start.ts'
import { isRunning } from './status.ts'
import { giveUpRestart, kill, undying } from './stop.ts'
import { volumesOf } from './volume-mounts.ts'

interface Wishes {
  /** Whether one that runs is killed first. */
  readonly force: boolean
  /** Whether its anonymous volumes go with it. */
  readonly volumes: boolean
}

/** `docker rm`: the record goes first, what it held is deleted after. Throws `conflict` for a running one without force. */
export async function remove(engine: Engine, reference: string, wishes: Wishes): Promise<void> {
  const container = engine.containers.get(reference)
  const { id } = container
  for (let isGone = false; !isGone;) {
    if (isRunning(container)) await end(engine, container, wishes)
    isGone = await engine.containers.inTurn(id, async () => {
      if (engine.containers.find(id) === undefined) return true
      // Somebody has started it since.
      if (isRunning(container)) return false
      await takeApart(engine, container, wishes).catch((error: unknown) => {
        engine.containers.notRemoved(container, messageOf(error))
        throw error
      })
      return true
    })
  }
}

/**
 * Removes a container that was to live for one run, which is over; false when it can't be removed now, as on a disk without any room.
 * Then it goes with the next start of the daemon, or by hand.
 */
export async function removeAfterRun(engine: Engine, { id }: Container): Promise<boolean> {
  try {
    if (engine.containers.find(id) !== undefined) await remove(engine, id, { force: true, volumes: true })
    return true
  } catch (error) {
    // Somebody has removed it meanwhile.
    if (engine.containers.find(id) === undefined) return true
    engine.log.warn('a container whose run is over can not be removed', { container: id, error: messageOf(error) })
    return false
  }
}

async function end(engine: Engine, container: Container, { force }: Wishes): Promise<void> {
  const { id, name, state } = container
  if (!force)
    throw new GalleyError(
      'conflict',
      `cannot remove container "${name}": container is running: stop the container before removing or force remove`,
    )
  state.stoppedByHand = true
  engine.restarts.forget(id)
  if (state.status === 'restarting') await giveUpRestart(engine, container)
  else {
    const over = new AbortController()
    // Not whether it is alive after that: somebody may have started it again.
    const gone = engine.containers.wait(container, 'not-running', over.signal).then(() => true)
    await kill(engine, id, 'SIGKILL')
    const hasEnded = await Promise.race([gone, Promise.resolve(false)])
    over.abort()
    if (!hasEnded)
      throw new GalleyError(
        'unavailable',
        `cannot remove container "${name}": tried to kill container, but did not receive an exit event`,
        undying,
      )
  }
}

/** Call it in the container's turn. */
async function takeApart(engine: Engine, container: Container, { volumes }: Wishes): Promise<void> {
  const { id } = container
  await tearDown(engine, container)
  await deleteRecord(engine, container)
  engine.execs.dropUnstarted(id)
  const directory = `${engine.data}/containers/${id}`
  if (existsSync(directory)) await engine.trash.throwAway(directory)
  // Once more: one that had just begun when the container was torn down would now wait in a directory that is gone.
  endRuntimes(bundleDirectory(engine, id))
  discard(bundleDirectory(engine, id))
  if (volumes) await removeAnonymous(engine, volumesOf(container))
  engine.events.emit('container', 'destroy', id, eventAttributes(container))
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
