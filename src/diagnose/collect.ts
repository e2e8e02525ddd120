import { GalleyError, messageOf } from '#base/error.ts'
import type { Ending } from '#compose/apply/graph.ts'
import type { UpOutcome } from '#compose/apply/up.ts'
import type { Watched } from '#compose/apply/watch.ts'
import type { ContainerView } from '#compose/apply/world.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { subjectOf, type Step } from '#compose/plan/step.ts'
import type { Facts, Failure, ServiceFacts } from './facts.ts'

/** Lines of a container's log that rules look at. */
const tail = 500

/** Where facts come from; `daemon/compose-world.ts` puts it on the engine. */
export interface Sources {
  find(container: string): ContainerView | undefined
  /** The last `count` lines that a container wrote. */
  logTail(container: string, count: number): Promise<string[]>
}

/** Gathers what is known of a project that did not come up. */
export async function collect(project: Project, { endings, watched }: UpOutcome, sources: Sources): Promise<Facts> {
  const failures = endings.flatMap((ending) => (ending.state === 'failed' ? [failureOf(project, ending)] : []))
  const seen = watched.length > 0 ? watched : failedDependencies(failures)
  const services = await Promise.all(seen.map((one) => serviceFacts(one, sources)))
  return { project, services, failures: failures.filter(({ step }) => step !== 'dependency.wait') }
}

/** Gathers what is known of services that were looked at, as they are now. */
export async function collectNow(project: Project, looked: readonly Watched[], sources: Sources): Promise<Facts> {
  return { project, services: await Promise.all(looked.map((one) => serviceFacts(one, sources))), failures: [] }
}

async function serviceFacts({ service, container, verdict, ends, listeners }: Watched, sources: Sources): Promise<ServiceFacts> {
  const view = sources.find(container)
  return {
    service,
    container,
    state: verdict.state,
    text: verdict.text,
    exitCode: view?.exitCode ?? 0,
    oomKilled: view?.oomKilled ?? false,
    memoryLimit: view?.memoryLimit ?? 0,
    forced: view?.forced,
    ends,
    listeners,
    log: verdict.state === 'failed' ? await sources.logTail(container, tail) : [],
    health: view?.health?.last,
  }
}

function failureOf(project: Project, { step, error }: Extract<Ending, { readonly state: 'failed' }>): Failure {
  return {
    service: serviceOf(project, step),
    step: step.kind,
    subject: subjectOf(step),
    code: error instanceof GalleyError ? error.code : undefined,
    message: messageOf(error),
    advice: error instanceof GalleyError ? error.advice : undefined,
  }
}

/** An image's step is about the first service that uses it. */
function serviceOf({ services }: Project, step: Step): Service | undefined {
  if ('service' in step) return services[step.service]
  return 'reference' in step ? Object.values(services).find(({ image }) => image === step.reference) : undefined
}

/** A dependency that did not become what it should is looked at like a service that failed. */
function failedDependencies(failures: readonly Failure[]): Watched[] {
  return failures.flatMap(({ step, service, subject, message }): Watched[] =>
    step === 'dependency.wait' && service !== undefined ? [asFailed(service, subject.replace('Container ', ''), message)] : [],
  )
}

function asFailed(service: Service, container: string, text: string): Watched {
  return { service, container, verdict: { state: 'failed', text }, ends: 1, listeners: undefined, port: { state: 'closed' } }
}
