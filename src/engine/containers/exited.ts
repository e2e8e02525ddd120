import { messageOf } from '#base/error.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { remove } from './remove.ts'
import { launch, tearDown } from './start.ts'

const firstDelay = 100
const longestDelay = 60_000
/** A run this long makes the next restart quick again (moby, restartmanager). */
const settled = 10_000

/** What the keeper saw: the container's process ended with `code` at `at` (milliseconds since the epoch). */
export async function exited(engine: Engine, id: string, exit: { readonly code: number; readonly at: number }): Promise<void> {
  const container = engine.containers.find(id)
  if (container === undefined) {
    await engine.keeper.forget(id)
    return
  }
  Object.assign(container.state, { status: 'exited', pid: 0, exitCode: exit.code, finishedAt: exit.at })
  const again = wantsRestart(container)
  if (again) container.state.status = 'restarting'
  engine.containers.exited(container)
  await engine.containers.inTurn(id, async () => {
    if (container.state.status === 'running') return
    await tearDown(engine, container)
    await engine.containers.save(container)
    await engine.keeper.forget(id)
    engine.events.emit('container', 'die', id, { ...eventAttributes(container), exitCode: String(exit.code) })
  })
  if (container.hostConfig.AutoRemove) await remove(engine, id, { force: true, volumes: true })
  else if (again) scheduleRestart(engine, container)
}

function wantsRestart({ hostConfig: { RestartPolicy }, state, restartCount }: Container): boolean {
  if (state.stoppedByHand) return false
  if (RestartPolicy.Name === 'always' || RestartPolicy.Name === 'unless-stopped') return true
  return (
    RestartPolicy.Name === 'on-failure' &&
    state.exitCode !== 0 &&
    (RestartPolicy.MaximumRetryCount === 0 || restartCount < RestartPolicy.MaximumRetryCount)
  )
}

/** Starts the container again after Docker's backoff: 100 ms, doubled each time, at most a minute. */
export function scheduleRestart(engine: Engine, container: Container): void {
  const { state } = container
  if (state.finishedAt - state.startedAt >= settled) container.restartCount = 0
  const delay = Math.min(firstDelay * 2 ** Math.min(container.restartCount, 20), longestDelay)
  engine.clock.after(delay, () => {
    engine.containers
      .inTurn(container.id, async () => {
        if (container.state.status !== 'restarting' || engine.containers.find(container.id) === undefined) return
        container.restartCount++
        await launch(engine, container)
      })
      .catch((error: unknown) => engine.log.warn('restart failed', { container: container.id, error: messageOf(error) }))
  })
}
