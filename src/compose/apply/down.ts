import { planDown, type DownOptions } from '#compose/plan/down.ts'
import { carryOut } from './carry-out.ts'
import type { Session } from './world.ts'

/** Takes a project down, known by its name alone: what belongs to it carries its label. Tells whether all of it went. */
export async function down(project: string, options: DownOptions, session: Session): Promise<boolean> {
  const steps = planDown(project, await session.world.observe(project, Object.values(options.declaredImages ?? {})), options)
  if (steps.length === 0) session.report({ type: 'warning', text: `No resource found to remove for project "${project}".` })
  const endings = await carryOut(steps, session)
  return endings.every(({ state }) => state === 'done')
}
