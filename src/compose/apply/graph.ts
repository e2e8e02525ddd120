import { Permits } from '#base/permits.ts'
import type { Step } from '#compose/plan/step.ts'

/** How a step ended. */
export type Ending =
  | { readonly step: Step; readonly state: 'done' }
  | { readonly step: Step; readonly state: 'failed'; readonly error: unknown }
  /** Not begun, as `because` failed. */
  | { readonly step: Step; readonly state: 'skipped'; readonly because: string }

/**
 * Carries out every step as soon as those that it needs are done. What needs a failed step is skipped, all else goes on. A dependency
 * that isn't required is looked at even when its service failed. Needs that are not among the steps hold already; what a step comes `after` is waited for, however it ends.
 * At most `atOnce` are under way together.
 */
export async function runGraph(
  steps: readonly Step[],
  carryOut: (step: Step) => Promise<void>,
  atOnce = Number.POSITIVE_INFINITY,
): Promise<Ending[]> {
  const permits = new Permits(atOnce)
  const byId = new Map(steps.map((step) => [step.id, step]))
  const endings = new Map<string, Promise<Ending>>()
  const endingOf = (step: Step): Promise<Ending> => {
    const known = endings.get(step.id)
    if (known !== undefined) return known
    const ending = (async (): Promise<Ending> => {
      const endingsOf = (ids: readonly string[]): Promise<Ending[]> => Promise.all(ids.flatMap((id) => byId.get(id) ?? []).map(endingOf))
      const [before] = await Promise.all([endingsOf(step.needs), endingsOf(step.after ?? [])])
      const broken = before.find(({ state }) => state !== 'done')
      if (broken !== undefined && !isTolerant(step)) return { step, state: 'skipped', because: broken.step.id }
      try {
        using _permit = await permits.acquire(always)
        await carryOut(step)
        return { step, state: 'done' }
      } catch (error) {
        return { step, state: 'failed', error }
      }
    })()
    endings.set(step.id, ending)
    return ending
  }
  return await Promise.all(steps.map(endingOf))
}

/** A step that waits for its turn is told of an interruption when it begins. */
const always = new AbortController().signal

function isTolerant(step: Step): boolean {
  return step.kind === 'dependency.wait' && !step.required
}
