import { orAborted } from '#base/abort.ts'
import { GalleyError } from '#base/error.ts'
import type { Condition } from '#compose/model/model.ts'
import type { ContainerView, World } from './world.ts'

interface Waiting {
  readonly world: World
  readonly signal: AbortSignal
  /** Milliseconds. */
  readonly timeout: number
}

/** Waits until a dependency is as its dependent wants it; resolves with the word for it. Throws `conflict` as Docker Compose words it, `timeout`. */
export async function awaitCondition(container: string, condition: Condition, waiting: Waiting): Promise<string> {
  const { world, signal, timeout } = waiting
  const reached = Promise.withResolvers<string>()
  let isSettled = false
  const look = (): void => {
    try {
      const word = test(container, world.containers.find(container), { condition, isSettled })
      if (word !== undefined) reached.resolve(word)
    } catch (error) {
      reached.reject(error as Error)
    }
  }
  using _changes = world.containers.changed(look)
  using _settling = world.clock.after(settling, () => {
    isSettled = true
    look()
  })
  using _timer = world.clock.after(timeout, () =>
    reached.reject(
      new GalleyError(
        'timeout',
        `dependency failed to start: container ${container} is not ${wordOf[condition].toLowerCase()} after ${timeout / 1000} s`,
        {
          code: 'compose.dependency-late',
          subject: container,
          advice: 'A longer wait is --timeout SECONDS.',
        },
      ),
    ),
  )
  look()
  return await orAborted(reached.promise, signal)
}

/** Milliseconds in which one that can't become healthy may still end, which says more: Docker Compose looks so late for the first time. */
const settling = 500

/** Resolves with the exit code of a container that was started, once it has ended. */
export async function awaitEnd(container: string, { world, signal }: Pick<Waiting, 'world' | 'signal'>): Promise<number> {
  const ended = Promise.withResolvers<number>()
  const look = (): void => {
    const view = world.containers.find(container)
    if (view === undefined) ended.reject(failed(`No such container: ${container}`, container))
    else if (view.status === 'exited' || view.status === 'dead') ended.resolve(view.exitCode)
  }
  using _changes = world.containers.changed(look)
  look()
  return await orAborted(ended.promise, signal)
}

const wordOf = { service_started: 'Started', service_healthy: 'Healthy', service_completed_successfully: 'Exited' } as const

/** The word for a condition that holds; undefined while it may still come. Throws when it can't. */
function test(
  name: string,
  container: ContainerView | undefined,
  { condition, isSettled }: { readonly condition: Condition; readonly isSettled: boolean },
): string | undefined {
  if (container === undefined) throw failed(`No such container: ${name}`, name)
  const { status, health, exitCode } = container
  const over = status === 'exited' || status === 'dead'
  switch (condition) {
    case 'service_started':
      return status === 'running' || over ? wordOf[condition] : undefined
    case 'service_completed_successfully':
      if (!over) return undefined
      if (exitCode !== 0) throw failed(`service "${name}" didn't complete successfully: exit ${exitCode}`, name)
      return wordOf[condition]
    case 'service_healthy':
      if (health === undefined && status === 'running' && isSettled) throw failed(`container ${name} has no healthcheck configured`, name)
      if (over) throw failed(`container ${name} exited (${exitCode})`, name)
      if (health?.status === 'unhealthy') throw failed(`container ${name} is unhealthy`, name)
      return health?.status === 'healthy' ? wordOf[condition] : undefined
  }
}

function failed(what: string, container: string): GalleyError {
  return new GalleyError('conflict', `dependency failed to start: ${what}`, { code: 'compose.dependency-failed', subject: container })
}
