import { messageOf } from '#base/error.ts'
import { dependenciesOf, type Milestone } from '#engine/containers/dependencies.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { restartNow } from '#engine/containers/exited.ts'
import type { Container } from '#engine/containers/model.ts'

/** Milliseconds for which a container waits for another to become healthy or to complete. */
const patience = 60_000

/**
 * Starts what the restart policies want to run after a start of the daemon: all at once, but each after what it depends on.
 * One that fails is logged and does not keep the others.
 */
export async function revive(engine: Engine, containers: readonly Container[]): Promise<void> {
  const dependencies = dependenciesOf(containers)
  const byId = new Map(containers.map((container) => [container.id, container]))
  const begun = new Map<string, Promise<void>>()
  const begin = (container: Container): Promise<void> => {
    const known = begun.get(container.id)
    if (known !== undefined) return known
    const turn = startAfter()
    begun.set(container.id, turn)
    return turn
    async function startAfter(): Promise<void> {
      for (const { id, until } of dependencies.get(container.id) ?? []) {
        const other = byId.get(id)
        if (other === undefined) continue
        await begin(other)
        await reached(engine, other, until)
      }
      // As in Docker, the count starts again with the daemon.
      await restartNow(engine, container, 0).catch((error: unknown) =>
        engine.log.warn('restart failed', { container: container.id, error: messageOf(error) }),
      )
    }
  }
  await Promise.all(containers.map(begin))
}

/** Resolves when `container` is as far as that, can no longer get there, or has taken too long. */
async function reached(engine: Engine, container: Container, until: Milestone): Promise<void> {
  if (until === 'started') return
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    const { status, health } = container.state
    // One that is about to be started again may still get there.
    const isOver = status !== 'running' && status !== 'restarting'
    if (isOver || (until === 'healthy' && status === 'running' && health?.status !== 'starting')) resolve()
  }
  using _timer = engine.clock.after(patience, resolve)
  using _events = engine.events.listen((event) => event.id === container.id && look())
  look()
  await promise
}
