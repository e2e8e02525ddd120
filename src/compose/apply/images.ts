import { messageOf } from '#base/error.ts'
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
  if (wishes.action === 'pull' && session.rehearses === true) await checkPulls(steps, wishes, session)
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

/** Asks for the images that would be pulled. Throws what the pulls would fail with, unless that is to be told alone. */
async function checkPulls(steps: readonly Step[], { ignoreFailures }: ImagesWishes, session: Session): Promise<void> {
  const names = steps.flatMap((step) => (step.kind === 'image.pull' ? [step.reference] : []))
  const asked = await Promise.allSettled(names.map((name) => session.world.images.checkPull(name, session)))
  const failures = asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
  // The first one ends the rehearsal.
  for (const failure of failures.slice(ignoreFailures === true ? 0 : 1)) session.report({ type: 'warning', text: messageOf(failure) })
  if (ignoreFailures !== true && failures.length > 0) throw failures[0]
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
