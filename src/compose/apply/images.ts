import type { Project } from '#compose/model/model.ts'
import { planImages, type ImagesWishes } from '#compose/plan/images.ts'
import { runGraph, type Ending } from './graph.ts'
import { carryOut, plainContext } from './steps.ts'
import { Switches } from './switches.ts'
import type { Session } from './world.ts'

/** Builds or pulls a project's images; resolves with how each ended. */
export async function makeImages(project: Project, wishes: ImagesWishes, session: Session): Promise<readonly Ending[]> {
  const steps = planImages(project, wishes)
  if (steps.length === 0) session.report({ type: 'warning', text: `No services to ${wishes.action}` })
  using switches = new Switches(session.world)
  const context = plainContext(session, switches, project)
  return await runGraph(steps, (step) => carryOut(step, context))
}
