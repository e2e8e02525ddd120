import { GalleyError, messageOf } from '#base/error.ts'
import { sleep } from '#base/clock.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import { label } from '#compose/plan/labels.ts'
import type { Action } from '#compose/plan/step.ts'
import { awaitReady } from './ready.ts'
import type { Switches } from './switches.ts'
import type { Limits } from './verdict.ts'
import type { ContainerView, Session, Told, World } from './world.ts'

export type Recreate = Extract<Action, { readonly kind: 'container.recreate' }>

export interface Replacing extends Session {
  readonly limits: Limits
  readonly switches: Switches
}

/** Lines that the person sees of a version that did not make it: its container is gone afterwards. */
const lastLines = 10

/** Puts a new container in the place of another one; resolves with the word for it. When the new one fails, the old one goes on. */
export async function recreate(step: Recreate, context: Replacing, told: Told): Promise<string> {
  const { world } = context
  const { old, when, update } = step
  const before = world.containers.find(old)
  if (before !== undefined && when === 'image changed' && before.image === world.images.find(imageOf(step.request))) return 'Unchanged'
  if (update.delay > 0) await sleep(world.clock, update.delay, context.signal)
  const request = withVolumes(withImage(step.request, world), before?.anonymousVolumes ?? [])
  // Meanwhile it may have stopped: then there is nothing to hand over.
  const seamless = update.order === 'start-first' && before?.status === 'running'
  if (update.why !== '' && before?.status === 'running') told.warning(notSeamless(step))
  return seamless ? await startFirst(step, request, context, told) : await stopFirst(step, request, before, context)
}

/** The new one starts beside the old one, becomes ready, and takes over; the old one still has the connections that are open. */
async function startFirst(step: Recreate, request: CreateRequest, context: Replacing, told: Told): Promise<string> {
  const { world, signal } = context
  const { old, update } = step
  const { id: next } = await world.containers.create({ ...request, name: temporaryName(old, request.name), understudy: true })
  let switched = false
  try {
    await world.containers.start(next)
    told.progress('starting beside the old one')
    const verdict = await awaitReady(next, { ...context, ports: update.ports })
    if (verdict.state !== 'up') throw rolledBack(request.name, verdict.text)
    context.switches.begin(old, next, update.ports)
    await world.containers.handOver(old, next)
    switched = true
    await watchAfter(next, request.name, { ...context, monitor: update.monitor })
    return 'Recreated'
  } catch (error) {
    await tellLastWords(next, world, told)
    if (switched) await world.containers.handOver(next, old)
    await discard(next, world)
    signal.throwIfAborted()
    throw error
  }
}

/** Until `monitor` milliseconds after the switch, an end or a failing check is a failure of the update. */
async function watchAfter(
  container: string,
  name: string,
  { world, signal, monitor }: Replacing & { readonly monitor: number },
): Promise<void> {
  if (monitor === 0) return
  const failed = Promise.withResolvers<never>()
  const look = (action: string): void => {
    const view = world.containers.find(container)
    if (view === undefined || action === 'die')
      failed.reject(rolledBack(name, `ended with exit code ${view?.exitCode ?? 255} after the switch`))
    else if (view.health?.status === 'unhealthy') failed.reject(rolledBack(name, 'its health check failed after the switch'))
  }
  using _changes = world.containers.changed((change) => change.container === container && look(change.action))
  await Promise.race([failed.promise, sleep(world.clock, monitor, signal)])
}

/** The old one stops, the new one gets its name. One that can't even be started gives the place back. */
async function stopFirst(step: Recreate, request: CreateRequest, before: ContainerView | undefined, { world }: Replacing): Promise<string> {
  const { old } = step
  const { id: next } = await world.containers.create({ ...request, name: temporaryName(old, request.name) })
  if (before === undefined) {
    await world.containers.rename(next, request.name)
    return 'Recreated'
  }
  await world.containers.stop(old)
  if (before.status === 'running') await startOrGiveBack(next, before, request.name, world)
  await world.containers.remove(old, { volumes: false })
  await world.containers.rename(next, request.name)
  return 'Recreated'
}

async function startOrGiveBack(next: string, before: ContainerView, name: string, world: World): Promise<void> {
  try {
    await world.containers.start(next)
  } catch (error) {
    await discard(next, world)
    await world.containers.start(before.id)
    throw rolledBack(name, messageOf(error))
  }
}

async function discard(container: string, world: World): Promise<void> {
  if (world.containers.find(container) === undefined) return
  await world.containers.stop(container)
  await world.containers.remove(container, { volumes: true })
}

async function tellLastWords(container: string, world: World, told: Told): Promise<void> {
  const health = world.containers.find(container)?.health?.last
  for (const line of await world.containers.logTail(container, lastLines)) told.output(line)
  if (health !== undefined && health.exitCode !== 0) told.output(`health check: exit code ${health.exitCode}: ${health.output.trim()}`)
}

function rolledBack(name: string, why: string): GalleyError {
  return new GalleyError('conflict', `the new version did not make it (${why}); the old one goes on`, {
    code: 'compose.rolled-back',
    subject: name,
  })
}

function notSeamless({ service, update: { why, advice = '' } }: Recreate): string {
  return `${service} stops before its next version starts: ${why}. ${advice}`.trim()
}

/** As Docker Compose calls it meanwhile. */
function temporaryName(old: string, name: string): string {
  return `${old.slice(0, 12)}_${name}`
}

export function withImage(request: CreateRequest, world: World): CreateRequest {
  const id = world.images.find(imageOf(request))
  const labels = { ...(request.config['Labels'] as Record<string, string>), ...(id !== undefined && { [label.image]: id }) }
  return { ...request, config: { ...request.config, Labels: labels } }
}

function imageOf({ config }: CreateRequest): string {
  return String(config['Image'])
}

function withVolumes(request: CreateRequest, volumes: readonly { readonly name: string; readonly target: string }[]): CreateRequest {
  const binds = request.hostConfig['Binds'] as readonly string[]
  const taken = new Set(binds.map((bind) => bind.split(':')[1]))
  const kept = volumes.filter(({ target }) => !taken.has(target)).map(({ name, target }) => `${name}:${target}`)
  return { ...request, hostConfig: { ...request.hostConfig, Binds: [...binds, ...kept] } }
}
