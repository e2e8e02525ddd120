import { existsSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import { nearestDirectory } from '#compose/model/nothing-there.ts'
import { builtServices, imageNames } from '#compose/plan/images.ts'
import { planUp, type Plan, type PlanOptions } from '#compose/plan/plan.ts'
import { refuseToLose } from '#compose/plan/renewal.ts'
import { subjectOf } from '#compose/plan/step.ts'
import { isLoopback, type Listener } from '#host/netns/listener.ts'
import { addressesOf } from './address.ts'
import { carryOut } from './carry-out.ts'
import type { Ending } from './graph.ts'
import type { Limits } from './verdict.ts'
import { watchServices, type Watched } from './watch.ts'
import type { ContainerView, Session } from './world.ts'

export interface UpOptions extends PlanOptions {
  /** Don't wait until the services are up, only for what their dependents need. */
  readonly detach: boolean
  readonly limits: Limits
}

export interface UpOutcome {
  readonly endings: readonly Ending[]
  /** Nothing when it was not waited for. */
  readonly watched: readonly Watched[]
  readonly ok: boolean
}

/** Brings a project up. What fails is part of the outcome; throws only when there is no plan. */
export async function up(project: Project, options: UpOptions, session: Session): Promise<UpOutcome> {
  const { world, report, signal } = session
  checkContexts(project)
  for (const text of [...project.warnings, ...missingSources(project)]) report({ type: 'warning', text })
  const plan = planUp(project, await world.observe(project.name, imageNames(project)), options)
  for (const text of plan.warnings) report({ type: 'warning', text })
  for (const [name, renewed] of plan.kept) refuseToLose(name, renewed)
  for (const subject of goingOn(plan, session))
    report({ type: 'step', id: `running ${subject}`, subject, status: 'Running', state: 'done' })
  const endings = await carryOut(plan.steps, session, { project, limits: options.limits })
  for (const ending of endings) {
    if (ending.state === 'failed' && signal.aborted) throw new GalleyError('unavailable', 'interrupted', { cause: ending.error })
  }
  if (options.detach || options.noStart === true || endings.some(({ state }) => state !== 'done')) return outcome(endings, [])
  const watched = await watchServices(project, plan.containers, { ...session, limits: options.limits })
  await tellAddresses(watched, session)
  return outcome(endings, watched)
}

/** The containers that run already, and that no step is about but those that wait for them. */
function goingOn({ steps, containers }: Plan, { world, rehearses }: Session): string[] {
  if (rehearses === true) return []
  const changing = new Set(steps.flatMap((step) => (step.kind === 'dependency.wait' ? [] : [subjectOf(step)])))
  return containers
    .filter(({ name }) => world.containers.find(name)?.status === 'running')
    .map(({ name }) => `Container ${name}`)
    .filter((subject) => !changing.has(subject))
}

function outcome(endings: readonly Ending[], watched: readonly Watched[]): UpOutcome {
  return {
    endings,
    watched,
    ok: endings.every(({ state }) => state === 'done') && watched.every(({ verdict }) => verdict.state !== 'failed'),
  }
}

async function tellAddresses(watched: readonly Watched[], { world, report }: Session): Promise<void> {
  for (const { service, container, verdict } of watched) {
    const view = world.containers.find(container)
    if (verdict.state !== 'up' || view === undefined) continue
    const { open, closed } = byListener(view, world.containers.listeners(container))
    for (const [hostPort, containerPort] of closed)
      report({
        type: 'warning',
        text: `nobody listens for others on port ${containerPort} of ${service.name}, to which port ${hostPort} of this machine leads`,
      })
    for (const address of await addressesOf(service.name, { ...view, ports: open }, world.clock)) {
      if (address.fails === true)
        report({ type: 'warning', text: `${address.url} answers with a server error (500 or above): galley logs ${service.name}` })
      report(address)
    }
  }
}

/** Published ports by whether anything listens for them: those where nothing does as port of this machine and of the container. */
function byListener({ ports }: ContainerView, listeners: readonly Listener[] | undefined) {
  const isClosed = ({ protocol, containerPort }: ContainerView['ports'][number]): boolean =>
    protocol === 'tcp' && listeners?.some((one) => one.port === containerPort && !isLoopback(one)) === false
  return {
    open: ports.filter((port) => !isClosed(port)),
    closed: new Map(ports.filter(isClosed).map(({ hostPort, containerPort }) => [hostPort, containerPort])),
  }
}

/** An empty directory takes the place of a bind's missing source, and hides what the image has there. */
function missingSources({ services }: Project): string[] {
  return Object.values(services).flatMap(({ mounts }) =>
    mounts
      .filter(({ type, source, createSource }) => type === 'bind' && createSource && !existsSync(source))
      .map(({ at, source, target }) => {
        return /^\/(?:var\/)?run\/docker\.sock$/.test(source)
          ? `${at.file}:${at.line}:${at.column}: ${source} does not exist; galley install --docker-socket answers there, or write the path of Galley's socket (galley env) in its place`
          : `${at.file}:${at.line}:${at.column}: ${source} does not exist; an empty directory is made and hides what the image has at ${target}`
      }),
  )
}

/** Whether a build's directory is there, told before anything starts. */
function checkContexts(project: Project): void {
  for (const { build, at } of builtServices(project)) {
    if (build === undefined || !isAbsolute(build.context) || statSync(build.context, { throwIfNoEntry: false })?.isDirectory() === true)
      continue
    const meant = nearestDirectory(build.context)
    throw new GalleyError('not found', `${at.file}:${at.line}:${at.column}: unable to prepare context: path "${build.context}" not found`, {
      code: 'build.no-context',
      subject: build.context,
      advice: meant === undefined ? 'Make it, or correct "build:"; its path starts at the project\'s directory.' : `Did you mean ${meant}?`,
    })
  }
}
