import { GalleyError, messageOf } from '#base/error.ts'
import { sleep } from '#base/clock.ts'
import type { Action, Rollback } from '#compose/plan/step.ts'
import { startAgain, stopAfterHooks } from './hooks.ts'
import { awaitReady } from './ready.ts'
import { discard, watchAfter, type Replacing } from './recreate.ts'
import type { Told, World } from './world.ts'

type Settle = Extract<Action, { readonly kind: 'service.settle' }>

type Place = Settle['places'][number]

/**
 * Ends an update of several containers: the old ones go; when too many of the new ones failed, those that were replaced come back
 * instead. Throws `conflict` when they don't.
 */
export async function settle({ service, places, tolerated, rollback }: Settle, context: Replacing, told: Told): Promise<string> {
  const { world } = context
  const failed = places.filter(({ step }) => context.failed.has(step)).length
  const replaced = places.filter((place) => wasReplaced(place, world))
  if (failed > tolerated && rollback !== undefined) {
    const failures = await goBack(replaced.toReversed(), rollback, context, told)
    if (failures.length === 0) return 'Rolled back'
    throw new GalleyError('conflict', `the old version of ${service} did not come back: ${failures.join('; ')}`, {
      code: 'compose.rollback-failed',
      subject: service,
    })
  }
  for (const { old } of replaced) await discard(old, { world, told, timeout: context.stopTimeout, volumes: false })
  return failed > tolerated ? 'Paused' : 'Updated'
}

/** Its name is another one's now. */
function wasReplaced({ name, old }: Place, world: World): boolean {
  const holder = world.containers.find(name)
  return holder !== undefined && holder.id !== old && world.containers.find(old) !== undefined
}

/** So many at a time come back; resolves with what failed. After too many failures the rest stays as it is. */
async function goBack(
  places: readonly Place[],
  { parallelism, delay, monitor, tolerated }: Rollback,
  context: Replacing,
  told: Told,
): Promise<string[]> {
  const queue = [...places]
  const failures: string[] = []
  const work = async (isFirst = true): Promise<void> => {
    const place = failures.length > tolerated ? undefined : queue.shift()
    if (place === undefined) return
    if (!isFirst && delay > 0) await sleep(context.world.clock, delay, context.signal)
    told.progress(`${place.name} comes back`)
    try {
      await comeBack(place, { ...context, monitor }, told)
    } catch (error) {
      failures.push(`${place.name}: ${messageOf(error)}`)
    }
    await work(false)
  }
  await Promise.all(Array.from({ length: Math.min(parallelism, places.length) }, () => work()))
  return failures
}

type Returning = Replacing & { readonly monitor: number }

/** Beside the new one and without a gap where two may run at once; else after it. It has the anonymous volumes of the new one. Throws why not. */
async function comeBack({ name, old, order, ports }: Place, context: Returning, told: Told): Promise<void> {
  const { world } = context
  const next = world.containers.find(name)
  if (next === undefined) return
  const gone = { world, told, timeout: context.stopTimeout, volumes: false }
  if (order === 'start-first') {
    // What was replaced after it had stopped has its names still.
    await world.containers.withdraw(old)
    await startAgain(old, world, told)
    const verdict = await awaitReady(old, { ...context, ports })
    if (verdict.state !== 'up') {
      await world.containers.stop(old, context.stopTimeout)
      throw new Error(verdict.text)
    }
    await world.containers.handOver(next.id, old)
  } else if (world.containers.find(old)?.understudy === true) {
    await stopAfterHooks(next.id, { world, told, timeout: context.stopTimeout, replaced: true })
    await startAgain(old, world, told)
    await world.containers.handOver(next.id, old)
  } else {
    await discard(next.id, gone)
    await world.containers.rename(old, name)
    await startAgain(old, world, told)
  }
  await discard(next.id, gone)
  await watchAfter(old, context)
}
