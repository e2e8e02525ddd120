import { messageOf } from '#base/error.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { removeAfterRun } from './remove.ts'
import { wantsRestart } from './restarts.ts'
import { saveState } from './save-state.ts'
import { launch, tearDownOrLog } from './start.ts'
import { tellVolumes } from './volume-mounts.ts'
import { hasProcesses } from './status.ts'

export interface Exit {
  readonly code: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What the keeper saw: the container's process ended. */
export async function exited(engine: Engine, id: string, exit: Exit): Promise<void> {
  const container = engine.containers.find(id)
  if (container === undefined) await engine.keeper.forget(id)
  else if (await bookExit(engine, container, exit)) scheduleRestart(engine, container)
}

/**
 * Writes an exit down, or removes the container if it was to live for one run, which is all that is written of its end then; resolves
 * with whether its policy wants it back.
 */
export async function bookExit(engine: Engine, container: Container, exit: Exit): Promise<boolean> {
  const { id, state } = container
  // In its turn: the start may not have been written down yet, as it is told on another connection.
  let goes = container.hostConfig.AutoRemove
  const again = await engine.containers.inTurn(id, async () => {
    if (!hasProcesses(container)) return forgetUnbooked(engine, container)
    Object.assign(state, { status: 'exited', pid: 0, exitCode: exit.code, finishedAt: Math.max(exit.at, state.startedAt) })
    // What is not checked any more counts as unhealthy (moby, container/health.go).
    if (state.health !== undefined) state.health.status = 'unhealthy'
    const restart = wantsRestart(container)
    if (restart) state.status = 'restarting'
    engine.containers.exited(container)
    engine.execs.dropUnstarted(id)
    await sessionsEnded(engine, id)
    await tearDownOrLog(engine, container)
    // Until it is written down, the keeper remembers: the next daemon hears of it again.
    goes = container.hostConfig.AutoRemove && !restart && !engine.restarts.isByHand(id)
    const isKept = !goes && (await saveState(engine, container))
    tellVolumes(engine, container, 'unmount')
    engine.events.emit('container', 'die', id, { ...eventAttributes(container), exitCode: String(exit.code) })
    if (isKept) await forgotten(engine, id)
    return restart
  })
  // One that stays is told of again to the next daemon.
  if (goes && !again && (await removeAfterRun(engine, container))) await engine.keeper.forget(id)
  return again
}

/** A keeper that has just died can't be told: the next one tells of the exit again, which is booked by then. */
async function forgotten(engine: Engine, id: string): Promise<void> {
  try {
    await engine.keeper.forget(id)
  } catch (error) {
    engine.log.warn('the keeper was not told that an exit is booked', { container: id, error: messageOf(error) })
  }
}

/** Milliseconds for which the exit codes of a container's sessions are waited for. */
const patience = 1000

/** Its sessions died with it, or a moment before; their exit codes would be lost with its directory. */
async function sessionsEnded(engine: Engine, id: string): Promise<void> {
  const ends = engine.execs.of(id).map(({ over }) => over)
  if (ends.length === 0) return
  const late = Promise.withResolvers<void>()
  using _limit = engine.clock.after(patience, late.resolve)
  await Promise.race([Promise.all(ends), late.promise])
}

/** An exit that is booked already, or of a start that nobody was told of, because the daemon died in between. */
async function forgetUnbooked(engine: Engine, container: Container): Promise<boolean> {
  await tearDownOrLog(engine, container)
  await engine.keeper.forget(container.id)
  return container.state.status === 'restarting'
}

/** Starts the container again after its backoff, unless a person has ended it since it was booked. */
export function scheduleRestart(engine: Engine, container: Container): void {
  if (container.state.status !== 'restarting') return
  engine.restarts.schedule(container, () => {
    restartNow(engine, container, container.restartCount + 1).catch((error: unknown) =>
      engine.log.warn('restart failed', { container: container.id, error: messageOf(error) }),
    )
  })
}

/** The policy's own start, the `count`th in a row; nothing happens when a person was faster. */
export function restartNow(engine: Engine, container: Container, count: number): Promise<void> {
  return engine.containers.inTurn(container.id, async () => {
    if (container.state.status !== 'restarting' || engine.containers.find(container.id) === undefined) return
    container.restartCount = count
    const { losses } = engine.keeper
    try {
      await launch(engine, container)
    } catch (error) {
      if (engine.keeper.losses === losses || container.state.stoppedByHand) throw error
      // It failed with the keeper, and there is nobody who would ask again.
      container.state.status = 'restarting'
      await saveState(engine, container)
      scheduleRestart(engine, container)
    }
  })
}
