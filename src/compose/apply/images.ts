import type { Project } from '#compose/model/model.ts'
import { planImages, type ImagesWishes } from '#compose/plan/images.ts'
import { carryOut } from './carry-out.ts'
import type { Ending } from './graph.ts'
import type { Session } from './world.ts'

/** Builds or pulls a project's images; resolves with how each ended. */
export async function makeImages(project: Project, wishes: ImagesWishes, session: Session): Promise<readonly Ending[]> {
  const steps = planImages(project, wishes)
  if (steps.length === 0) session.report({ type: 'warning', text: `No services to ${wishes.action}` })
  return await carryOut(steps, session, { project })
}
