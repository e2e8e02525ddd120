import type { Project } from '#compose/model/model.ts'
import { planImages, type ImagesWishes } from '#compose/plan/images.ts'
import { runGraph } from './graph.ts'
import { carryOut, plainContext } from './steps.ts'
import { Switches } from './switches.ts'
import type { Session } from './world.ts'

/** Builds or pulls a project's images; resolves with whether all are there. */
export async function makeImages(project: Project, wishes: ImagesWishes, session: Session): Promise<boolean> {
  const steps = planImages(project, wishes)
  if (steps.length === 0) session.report({ type: 'warning', text: `No services to ${wishes.action}` })
  using switches = new Switches(session.world)
  const context = plainContext(session, switches, project)
  const endings = await runGraph(steps, (step) => carryOut(step, context))
  return endings.every(({ state }) => state === 'done')
}
