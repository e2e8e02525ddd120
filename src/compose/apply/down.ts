import { planDown, type DownOptions } from '#compose/plan/down.ts'
import { runGraph } from './graph.ts'
import { carryOut } from './steps.ts'
import type { Performance } from './up.ts'

/** Takes a project down, known by its name alone: what belongs to it carries its label. Tells whether all of it went. */
export async function down(project: string, options: DownOptions, { world, report, signal }: Performance): Promise<boolean> {
  const steps = planDown(project, await world.observe(project, []), options)
  if (steps.length === 0) report({ type: 'warning', text: `No resource found to remove for project "${project}".` })
  const endings = await runGraph(steps, (step) => carryOut(step, { world, report, signal, timeout: 0 }))
  return endings.every(({ state }) => state === 'done')
}
