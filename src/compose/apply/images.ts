import type { Project } from '#compose/model/model.ts'
import { planBuilds, planPulls, type ImagesWishes } from '#compose/plan/images.ts'
import type { Step } from '#compose/plan/step.ts'
import { carryOut } from './carry-out.ts'
import type { Ending } from './graph.ts'
import type { Session } from './world.ts'

/** Builds or pulls a project's images; resolves with how each ended. */
export async function makeImages(project: Project, wishes: ImagesWishes, session: Session): Promise<readonly Ending[]> {
  const steps = wishes.action === 'build' ? planBuilds(project, wishes) : pulls(project, wishes, session)
  if (steps.length === 0) session.report({ type: 'warning', text: `No services to ${wishes.action}` })
  const endings = await carryOut(steps, session, { project })
  if (wishes.action === 'pull') tellWhatToBuild(project, endings, session)
  return endings
}

function pulls(project: Project, wishes: ImagesWishes, { world, report }: Session): Step[] {
  const { steps, spared } = planPulls(project, wishes, (image) => world.images.find(image) !== undefined)
  for (const { image, why } of wishes.buildable === undefined ? [] : spared)
    report({
      type: 'step',
      id: `image ${image}`,
      subject: `Image ${image}`,
      status: why,
      state: 'done',
    })
  return steps
}

/** What can't be pulled may be built. */
function tellWhatToBuild({ services }: Project, endings: readonly Ending[], { report }: Session): void {
  const failed = new Set(endings.flatMap(({ step, state }) => (state === 'failed' ? [step.id] : [])))
  const names = Object.values(services).flatMap(({ name, image, build }) =>
    build !== undefined && failed.has(`image ${image}`) ? [name] : [],
  )
  if (names.length > 0)
    report({ type: 'warning', text: `Some service image(s) must be built from source by running: galley build ${names.join(' ')}` })
}
