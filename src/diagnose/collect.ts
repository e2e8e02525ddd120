import type { Clock } from '#base/clock.ts'
import { GalleyError, messageOf } from '#base/error.ts'
import { placeOf } from '#build/dockerfile/problem.ts'
import type { Ending } from '#compose/apply/graph.ts'
import { lastWords, RolledBack } from '#compose/apply/rolled-back.ts'
import type { UpOutcome } from '#compose/apply/up.ts'
import type { Watched } from '#compose/apply/watch.ts'
import type { ContainerView } from '#compose/apply/world.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { subjectOf, type Step } from '#compose/plan/step.ts'
import type { Facts, Failure, ServiceFacts } from './facts.ts'
import type { Use } from './use.ts'
import { goWays } from './ladder/ways.ts'

/** Lines of a container's log that rules look at. */
const tail = 500

export interface GroundSource extends Disposable {
  readonly of: Facts['groundOf']
}

/** Where facts come from; `daemon/projects/world.ts` puts it on the engine. */
export interface Sources {
  find(container: string): ContainerView | undefined
  /** The last `count` lines that a container wrote. */
  logTail(container: string, count: number): Promise<string[]>
  /** What a container takes of the machine; undefined when it doesn't run. */
  useOf(container: string): Use | undefined
  readonly clock: Clock
  /** The container that has an address of a network now. */
  holderOf(address: string): string | undefined
  /** The names of all images that are here. */
  imageNames(): readonly string[]
  /** Where programs start. The caller closes it. */
  grounds(): GroundSource
}

interface Gathering {
  readonly sources: Sources
  readonly groundOf: Facts['groundOf']
}

interface GatheringAfter extends Gathering {
  /** What programs that a step ran printed last. */
  printedBy(step: string): readonly string[]
  /** The project's services as they are now, where nobody watched them: one on which others wait failed first. */
  readonly looked: readonly Watched[]
}

/** Gathers what is known of a project that did not come up. */
export async function collect(
  project: Project,
  { endings, watched }: Pick<UpOutcome, 'endings' | 'watched'>,
  { sources, groundOf, printedBy, looked }: GatheringAfter,
): Promise<Facts> {
  const failures = endings.flatMap((ending) =>
    ending.state === 'failed' ? [{ ...failureOf(project, ending), printed: printedIn(ending.error) ?? printedBy(ending.step.id) }] : [],
  )
  const seen = watched.length > 0 ? watched : failedDependencies(failures, { sources, looked })
  const services = [...(await Promise.all(seen.map((one) => serviceFacts(one, { sources, looked: seen })))), ...takenBack(project, endings)]
  return { project, services, failures: failures.filter(({ step }) => step !== 'dependency.wait'), groundOf, ...lookups(sources) }
}

/** Gathers what is known of services that were looked at, as they are now. */
export async function collectNow(
  project: Project,
  looked: readonly Watched[],
  { sources, groundOf, doubted = [] }: Gathering & { readonly doubted?: readonly string[] },
): Promise<Facts> {
  const services = await Promise.all(looked.map((one) => serviceFacts(one, { sources, looked, doubted })))
  return { project, services, failures: [], groundOf, ...lookups(sources) }
}

/** What rules may ask for besides. */
function lookups({ holderOf, imageNames }: Sources): Pick<Facts, 'holderOf' | 'imageNames'> {
  return { holderOf, imageNames }
}

interface Looking {
  readonly sources: Sources
  /** All services that there are. */
  readonly looked: readonly Watched[]
  /** Services whose ways to databases are gone although they run. */
  readonly doubted?: readonly string[]
}

async function serviceFacts(one: Watched, { sources, looked, doubted = [] }: Looking): Promise<ServiceFacts> {
  const { service, container, verdict } = one
  const failed = verdict.state === 'failed'
  const [log, ways] = await Promise.all([
    failed ? sources.logTail(container, tail) : [],
    failed || doubted.includes(service.name) ? goWays(one, { clock: sources.clock, looked, find: sources.find }) : [],
  ])
  return { ...factsOf(one, sources.find(container), log), ways }
}

/** Versions that did not make it are gone; what was seen of them before is looked at as of a service that failed. */
function takenBack({ services }: Project, endings: readonly Ending[]): ServiceFacts[] {
  return endings.flatMap((ending) => {
    if (ending.state !== 'failed' || !(ending.error instanceof RolledBack) || !('service' in ending.step)) return []
    const service = services[ending.step.service]
    const { why, seen, subject = '' } = ending.error
    if (service === undefined || seen.view === undefined) return []
    return [factsOf({ ...asFailed(service, subject, why, seen.view), listeners: seen.listeners }, seen.view, seen.log)]
  })
}

function factsOf(
  { service, container, verdict, ends, listeners }: Watched,
  view: ContainerView | undefined,
  log: readonly string[],
): ServiceFacts {
  return {
    service,
    container,
    image: view?.image,
    state: verdict.state,
    text: verdict.text,
    exitCode: view?.exitCode ?? 0,
    oomKilled: view?.oomKilled ?? false,
    memoryPeak: view?.memoryPeak,
    memoryLimit: view?.memoryLimit ?? 0,
    forced: view?.forced,
    ends,
    listeners,
    log,
    ways: [],
    health: view?.health?.last,
  }
}

function failureOf(project: Project, { step, error }: Extract<Ending, { readonly state: 'failed' }>): Omit<Failure, 'printed'> {
  const place = placeOf(error)
  return {
    service: serviceOf(project, step),
    step: step.kind,
    subject: subjectOf(step),
    code: error instanceof GalleyError ? error.code : undefined,
    message: messageOf(error),
    advice: error instanceof GalleyError ? error.advice : undefined,
    ...(place !== undefined && { line: { number: place.line, text: place.text.trim() } }),
    ...(error instanceof RolledBack &&
      step.kind === 'container.recreate' && {
        rolledBack: { why: error.why, lastWords: lastWords(error.seen, 5), differences: step.differences },
      }),
  }
}

/** What a command of a build printed itself (build/solve/run.ts, StepFailure): an earlier one may have printed other failures, and gone on. */
function printedIn(error: unknown): string[] | undefined {
  const { printed } = error as { readonly printed?: unknown }
  return typeof printed === 'string' ? printed.split('\n') : undefined
}

/** An image's step is about the first service that uses it. */
function serviceOf({ services }: Project, step: Step): Service | undefined {
  if ('service' in step) return services[step.service]
  return 'reference' in step ? Object.values(services).find(({ image }) => image === step.reference) : undefined
}

/** A dependency that did not become what it should is looked at like a service that failed. */
function failedDependencies(failures: readonly Failure[], { sources, looked }: Pick<Looking, 'sources' | 'looked'>): Watched[] {
  const failed = failures.flatMap(({ step, service, subject, message }): Watched[] => {
    const container = subject.replace('Container ', '')
    if (step !== 'dependency.wait' || service === undefined) return []
    const listeners = looked.find((one) => one.container === container)?.listeners
    return [{ ...asFailed(service, container, message, sources.find(container)), listeners }]
  })
  // Of those that run, what a failed one looks for with them counts.
  const names = new Set(failed.map(({ container }) => container))
  return failed.length === 0
    ? []
    : [...failed, ...looked.filter(({ container, verdict }) => verdict.state === 'up' && !names.has(container))]
}

/** One that runs, and is only not as it should be, may never have ended. */
function asFailed(service: Service, container: string, text: string, view: ContainerView | undefined): Watched {
  const ends = view?.status === 'running' ? view.restartCount : 1
  return { service, container, verdict: { state: 'failed', text }, ends, listeners: undefined, port: { state: 'closed' } }
}
