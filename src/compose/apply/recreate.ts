import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import { sleep } from '#base/clock.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { HostConfig } from '#engine/containers/model.ts'
import type { Action, Step } from '#compose/plan/step.ts'
import { runHooks, startAgain, stopAfterHooks } from './hooks.ts'
import { runPreStart } from './pre-start.ts'
import { awaitReady } from './ready.ts'
import { lastSightOf, RolledBack } from './rolled-back.ts'
import type { Switches } from './switches.ts'
import type { Limits } from './verdict.ts'
import { hasImages, withBound, withImage } from './with-image.ts'
import type { ContainerView, Session, Told, World } from './world.ts'

type Recreate = Extract<Action, { readonly kind: 'container.recreate' }>

/** What replacing a container needs. */
export interface Replacing extends Session {
  readonly limits: Limits
  readonly switches: Switches
  /** Ids of the steps that made a container anew. */
  readonly renewed: Set<string>
  /** Ids of the steps that failed. */
  readonly failed: Set<string>
}

/** Puts a new container in the place of another one; resolves with the word for it. When the new one fails, the old one goes on. */
export async function recreate(step: Recreate & Pick<Step, 'id'>, context: Replacing, told: Told): Promise<string> {
  const { world } = context
  const { old, when, update } = step
  const before = world.containers.find(old)
  // Too many of the service's others failed: this one is left as it is.
  if (step.peers.filter((id) => context.failed.has(id)).length > step.tolerated) return 'Unchanged'
  if (before !== undefined && when === 'image changed' && hasImages(before, step.request, world)) return 'Unchanged'
  if (update.delay > 0) await sleep(world.clock, update.delay, context.signal)
  const request = withVolumes(
    withBound(withImage(step.request, world), step.bound, world),
    step.renews ? [] : (before?.anonymousVolumes ?? []),
  )
  // Meanwhile it may have stopped: then there is nothing to hand over.
  const seamless = update.order === 'start-first' && before?.status === 'running'
  if (update.note !== '' && before?.status === 'running') told.warning(update.note)
  const word = seamless ? await startFirst(step, request, context, told) : await stopFirst(step, request, { before, context, told })
  context.renewed.add(step.id)
  return word
}

/** The new one starts beside the old one, becomes ready, and takes over; the old one still has the connections that are open. */
async function startFirst(step: Recreate, request: CreateRequest, context: Replacing, told: Told): Promise<string> {
  const { world, signal } = context
  const { old, update } = step
  const { id: next } = await world.containers.create({ ...request, name: temporaryName(old, request.name), understudy: true })
  let switched = false
  try {
    await world.containers.place(next, step.files)
    await runPreStart(next, step, context, told)
    told.progress('starting beside the old one')
    await world.containers.start(next)
    await runHooks(next, step.postStart, world, told)
    const verdict = await awaitReady(next, { ...context, ports: update.ports })
    if (verdict.state !== 'up') throw new Error(verdict.text)
    context.switches.begin(old, next, update.ports)
    await world.containers.handOver(old, next)
    switched = true
    await watchAfter(next, { ...context, monitor: update.monitor })
    return 'Recreated'
  } catch (error) {
    const seen = await lastSightOf(next, world, told)
    if (switched) await giveBack(step, { next, name: request.name, cause: error }, context, told)
    await discard(next, { world, told, timeout: context.stopTimeout, volumes: true })
    signal.throwIfAborted()
    // Somebody has removed the one that was to be replaced.
    if (kindOf(error) === 'not found' && world.containers.find(old) === undefined) throw error
    throw new RolledBack(request.name, { why: messageOf(error), seen, cause: error })
  }
}

interface Failed {
  readonly next: string
  readonly name: string
  /** Why the new one did not make it. */
  readonly cause: unknown
}

/**
 * The old one takes its place again; if it has ended meanwhile, it is started for that. Throws `conflict` when it can't: then the new one
 * keeps the place, however it is.
 */
async function giveBack({ old, update }: Recreate, { next, name, cause }: Failed, context: Replacing, told: Told): Promise<void> {
  const { world, signal } = context
  try {
    if (world.containers.find(old)?.status !== 'running') {
      await startAgain(old, world, told)
      const verdict = signal.aborted ? undefined : await awaitReady(old, { ...context, ports: update.ports })
      if (verdict !== undefined && verdict.state !== 'up') throw new Error(verdict.text)
    }
    await world.containers.handOver(next, old)
  } catch (failure) {
    throw rollbackFailed(name, cause, failure)
  }
}

function rollbackFailed(name: string, cause: unknown, failure: unknown): GalleyError {
  const text = `the new version did not make it (${messageOf(cause)}), nor did the old one come back: ${messageOf(failure)}`
  return new GalleyError('conflict', text, { code: 'compose.rollback-failed', subject: name, cause: failure })
}

/** Until `monitor` milliseconds after the switch, an end or a failing check is a failure of the update. Throws why. */
export async function watchAfter(container: string, { world, signal, monitor }: Replacing & { readonly monitor: number }): Promise<void> {
  if (monitor === 0) return
  const failed = Promise.withResolvers<never>()
  const look = (action: string): void => {
    const view = world.containers.find(container)
    if (view === undefined || action === 'die') failed.reject(new Error(`ended with exit code ${view?.exitCode ?? 255} after the switch`))
    else if (view.health?.status === 'unhealthy') failed.reject(new Error('its health check failed after the switch'))
  }
  using _changes = world.containers.changed((change) => change.container === container && look(change.action))
  // Before anybody listened.
  if (world.containers.find(container)?.status !== 'running') look('die')
  await Promise.race([failed.promise, sleep(world.clock, monitor, signal)])
}

interface Before {
  readonly before: ContainerView | undefined
  readonly context: Replacing
  readonly told: Told
}

/** The old one stops, the new one gets its name. One that can't be started, or must become ready and doesn't, gives the place back. */
async function stopFirst(step: Recreate, request: CreateRequest, { before, context, told }: Before): Promise<string> {
  const { world } = context
  const { old } = step
  if (before === undefined) {
    await makeAnew(step, request, context, told)
    return 'Recreated'
  }
  const next = await prepare(step, { ...request, name: temporaryName(old, request.name) }, world)
  await stopAfterHooks(old, { world, told, timeout: context.stopTimeout, hooks: step.preStop, replaced: true }).catch(unlessGone)
  if (step.starts) await startOrGiveBack(step, { next, before, name: request.name }, context, told)
  await takePlace(step, { next, name: request.name }, world)
  return 'Recreated'
}

/** Gives the new one its name, and removes the old one; somebody may have removed that, and its name with it, while it was being replaced. */
async function takePlace(
  { old, keepOld }: Recreate,
  { next, name }: { readonly next: string; readonly name: string },
  { containers }: World,
): Promise<void> {
  try {
    await containers.exchangeNames(next, old)
  } catch (error) {
    if (containers.find(old) !== undefined) throw error
    return await containers.rename(next, name)
  }
  if (!keepOld) await containers.remove(old, { volumes: false }).catch(unlessGone)
}

function unlessGone(error: unknown): void {
  if (kindOf(error) !== 'not found') throw error
}

/** The old one has gone meanwhile: nothing is to be handed over, nor to come back. */
async function makeAnew(step: Recreate, request: CreateRequest, context: Replacing, told: Told): Promise<void> {
  const { world } = context
  const next = await prepare(step, request, world)
  if (!step.starts) return
  await runPreStart(next, step, context, told)
  await world.containers.start(next)
}

/** Makes a container with its files; resolves with its id. Nothing stays of one that they can't be put into. */
async function prepare({ starts, files }: Recreate, request: CreateRequest, { containers }: World): Promise<string> {
  const { id } = await containers.create(request)
  try {
    // One that another step starts gets its files there.
    if (starts) await containers.place(id, files)
    return id
  } catch (error) {
    await containers.remove(id, { volumes: true })
    throw error
  }
}

async function startOrGiveBack(
  step: Recreate,
  { next, before, name }: { readonly next: string; readonly before: ContainerView; readonly name: string },
  context: Replacing,
  told: Told,
): Promise<void> {
  const { world } = context
  const { update, postStart } = step
  try {
    await runPreStart(next, step, context, told)
    await world.containers.start(next)
    await runHooks(next, postStart, world, told)
    if (!update.verify) return
    const verdict = await awaitReady(next, { ...context, ports: update.ports })
    if (verdict.state !== 'up') throw new Error(verdict.text)
    await watchAfter(next, { ...context, monitor: update.monitor })
  } catch (error) {
    const seen = await lastSightOf(next, world, told)
    // It was given the volumes of the one that comes back.
    await discard(next, { world, told, timeout: context.stopTimeout, volumes: false })
    await startAgain(before.id, world, told).catch((failure: unknown) => {
      throw rollbackFailed(name, error, failure)
    })
    throw new RolledBack(name, { why: messageOf(error), seen, cause: error })
  }
}

interface Gone {
  readonly world: World
  readonly told: Told
  /** Seconds that it may take to stop, instead of its own time. */
  readonly timeout?: number | undefined
  readonly volumes: boolean
}

/** Stops and removes a container; with its anonymous volumes only when nobody else has them. */
export async function discard(container: string, { world, told, timeout, volumes }: Gone): Promise<void> {
  if (world.containers.find(container) === undefined) return
  await stopAfterHooks(container, { world, told, timeout, replaced: true })
  await world.containers.remove(container, { volumes })
}

/** As Docker Compose calls it meanwhile. */
function temporaryName(old: string, name: string): string {
  return `${old.slice(0, 12)}_${name}`
}

function withVolumes(request: CreateRequest, volumes: readonly { readonly name: string; readonly target: string }[]): CreateRequest {
  const { Binds, Mounts, Tmpfs } = request.hostConfig as unknown as Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs'>
  const names = new Map(volumes.map(({ name, target }) => [target, name]))
  const mounts = Mounts.map((mount) => {
    const Source = mount.Type === 'volume' ? (mount.Source ?? names.get(mount.Target)) : mount.Source
    return Source === undefined ? mount : { ...mount, Source }
  })
  const taken = new Set([...Binds.map((bind) => bind.split(':')[1]), ...Mounts.map(({ Target }) => Target), ...Object.keys(Tmpfs)])
  // Those that the image declares.
  const kept = volumes.filter(({ target }) => !taken.has(target)).map(({ name, target }) => `${name}:${target}`)
  return { ...request, hostConfig: { ...request.hostConfig, Binds: [...Binds, ...kept], Mounts: mounts } }
}
