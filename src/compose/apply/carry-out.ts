import { messageOf } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import { imageOfService } from '#compose/plan/images.ts'
import { subjectOf, type Action, type Step } from '#compose/plan/step.ts'
import type { Amount, StepEvent } from './events.ts'
import { runGraph, type Ending } from './graph.ts'
import { executors, type Context, type Executor } from './steps.ts'
import { Switches } from './switches.ts'
import { tellSteps } from './tell-plan.ts'
import { defaultLimits, type Limits } from './verdict.ts'
import type { Session } from './world.ts'

/** Carries out a plan's steps, each as soon as it may, and tells how they go; resolves with how each ended. A rehearsal tells them alone. */
export async function carryOut(
  steps: readonly Step[],
  session: Session,
  { project, limits = defaultLimits }: { readonly project?: Project; readonly limits?: Limits } = {},
): Promise<Ending[]> {
  if (session.rehearses === true) {
    tellSteps(steps, session.report)
    return steps.map((step) => ({ step, state: 'done' }))
  }
  using switches = new Switches(session.world)
  const context: Context = {
    ...session,
    limits,
    switches,
    imageOf: (service) => project && imageOfService(project, service),
    directory: project?.directory ?? '/',
    renewed: new Set(),
    failed: new Set(),
  }
  return await runGraph(steps, (step) => carryOutOne(step, context), session.parallel)
}

/** Throws what made it fail. */
async function carryOutOne(step: Step, context: Context): Promise<void> {
  const executor: Executor<Action['kind']> = executors[step.kind] as Executor<Action['kind']>
  const tell = (status: string, state: StepEvent['state'], detail?: string, amount?: Amount): void =>
    context.report({
      type: 'step',
      id: step.id,
      subject: subjectOf(step),
      status,
      state,
      ...(detail !== undefined && { detail }),
      ...(amount !== undefined && { amount }),
    })
  context.signal.throwIfAborted()
  tell(executor.working, 'working')
  try {
    const ended = await executor.carryOut(step, context, {
      progress: (text, amount) => tell(executor.working, 'working', text, amount),
      output: (text) => context.report({ type: 'output', id: step.id, subject: subjectOf(step), text }),
      warning: (text) => context.report({ type: 'warning', text }),
    })
    tell(ended, 'done')
  } catch (error) {
    context.failed.add(step.id)
    tell('Error', 'failed', messageOf(error))
    throw error
  }
}
