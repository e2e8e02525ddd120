import { sleep } from '#base/clock.ts'
import type { Action } from '#compose/plan/step.ts'
import { startAgain } from './hooks.ts'
import { awaitReady } from './ready.ts'
import { discard, type Replacing } from './recreate.ts'
import type { Told, World } from './world.ts'

type Settle = Extract<Action, { readonly kind: 'service.settle' }>

type Place = Settle['places'][number]

/** Ends an update of several containers: the old ones go; when one of the new ones failed, those that were replaced come back instead. */
export async function settle(
  { places, rollback, delay }: Settle,
  context: Replacing & { readonly failed: ReadonlySet<string> },
  told: Told,
): Promise<string> {
  const { world, signal } = context
  const failed = places.some(({ step }) => context.failed.has(step))
  const replaced = places.filter((place) => wasReplaced(place, world))
  if (!failed || !rollback) {
    for (const { old } of replaced) await discard(old, { world, told, volumes: false })
    return 'Updated'
  }
  for (const [index, place] of replaced.toReversed().entries()) {
    if (index > 0 && delay > 0) await sleep(world.clock, delay, signal)
    told.progress(`${place.name} comes back`)
    await comeBack(place, context, told)
  }
  return 'Rolled back'
}

/** Its name is another one's now. */
function wasReplaced({ name, old }: Place, world: World): boolean {
  const holder = world.containers.find(name)
  return holder !== undefined && holder.id !== old && world.containers.find(old) !== undefined
}

/** Beside the new one and without a gap where it was replaced so; else after it. It has the anonymous volumes of the new one. */
async function comeBack({ name, old }: Place, context: Replacing, told: Told): Promise<void> {
  const { world } = context
  const gone = { world, told, volumes: false }
  const next = world.containers.find(name)
  if (next === undefined) return
  if (world.containers.find(old)?.understudy === true) {
    await startAgain(old, world, told)
    await awaitReady(old, { ...context, ports: [] })
    await world.containers.handOver(next.id, old)
    await discard(next.id, gone)
    return
  }
  await discard(next.id, gone)
  await world.containers.rename(old, name)
  await startAgain(old, world, told)
}
