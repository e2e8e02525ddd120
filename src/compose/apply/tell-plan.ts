import { inSequence } from '#base/sequence.ts'
import type { Project } from '#compose/model/model.ts'
import { imageNames } from '#compose/plan/images.ts'
import { planUp, type PlanOptions } from '#compose/plan/plan.ts'
import { subjectOf, type Step } from '#compose/plan/step.ts'
import type { Report } from './events.ts'
import type { Session } from './world.ts'

/** Tells what `up` would do, and changes nothing; resolves with whether there is anything to do. */
export async function tellPlan(project: Project, options: PlanOptions, { world, report }: Omit<Session, 'signal'>): Promise<boolean> {
  const plan = planUp(project, await world.observe(project.name, imageNames(project)), options)
  for (const text of [...project.warnings, ...plan.warnings]) report({ type: 'warning', text })
  for (const [name, { differences }] of plan.kept)
    report({
      type: 'planned',
      subject: `Volume ${name}`,
      action: 'is kept as it is; with --yes: recreate, without its data',
      why: differences,
    })
  return tellSteps(plan.steps, report) + plan.kept.size > 0
}

/** Tells what these steps would do, in the order in which that would be; returns how many there is something to say of. */
export function tellSteps(steps: readonly Step[], report: Report): number {
  const byId = new Map(steps.map((step) => [step.id, step]))
  const sequence = inSequence(steps, ({ needs, after = [] }) => [...needs, ...after].flatMap((id) => byId.get(id) ?? []))
  const told = sequence.filter((step) => actions[step.kind] !== undefined)
  for (const step of told) report({ type: 'planned', subject: subjectOf(step), action: actionOf(step), why: whyOf(step) })
  return told.length
}

/** Undefined for what only serves other steps. */
const actions: { readonly [Kind in Step['kind']]: string | undefined } = {
  'network.create': 'create',
  'network.remove': 'remove',
  'network.renew': 'recreate',
  'network.resume': undefined,
  'volume.create': 'create',
  'volume.remove': 'remove',
  'volume.renew': 'recreate, without its data',
  'image.pull': 'pull',
  'image.build': 'build',
  'image.remove': 'remove',
  'container.create': 'create',
  'container.recreate': 'recreate',
  'container.start': 'start',
  'container.stop': undefined,
  'container.restart': 'restart',
  'container.remove': 'remove',
  'container.retire': undefined,
  'service.settle': undefined,
  'dependency.wait': undefined,
}

function actionOf(step: Step): string {
  if (step.kind !== 'container.recreate') return actions[step.kind] ?? ''
  return `${step.when === 'always' ? 'recreate' : 'recreate if its image changes'}, ${step.update.order === 'start-first' ? 'beside the old one' : 'after the old one stopped'}`
}

function whyOf(step: Step): readonly string[] {
  if (step.kind === 'volume.renew') return step.differences
  if (step.kind === 'network.renew')
    return [...step.differences, ...(step.stops.length === 0 ? [] : [`stops for it: ${step.stops.join(', ')}`])]
  if (step.kind !== 'container.recreate') return []
  return [...step.differences, ...(step.update.note === '' ? [] : [step.update.note])]
}
