import { GalleyError, idOf, kindOf, messageOf } from '#base/error.ts'
import type { BareHook, HookMoment } from '#compose/model/model.ts'
import type { Told, World } from './world.ts'

/** Runs a service's hooks in its container, one after the other. Throws `conflict` for the first that fails, as Docker Compose words it. */
export async function runHooks(container: string, hooks: readonly BareHook[], world: World, told: Told): Promise<void> {
  for (const hook of hooks) {
    told.progress(`runs ${hook.command.join(' ')}`)
    const { exitCode, output } = await world.containers.exec(container, hook)
    for (const line of output.split('\n')) if (line !== '') told.output(line)
    if (exitCode !== 0)
      throw new GalleyError('conflict', `${nameOf(container, world)} hook exited with status ${exitCode}: ${hook.command.join(' ')}`, {
        code: 'compose.hook-failed',
      })
  }
}

function nameOf(reference: string, { containers }: World): string {
  const view = containers.find(reference)
  return view?.service ?? view?.name ?? reference
}

interface Moment {
  readonly world: World
  readonly told: Told
  /** Instead of those that it was made with, where another tool made it. */
  readonly hooks?: readonly BareHook[] | undefined
  /** Those of the caller's files, which count before those that it was made with: what was wrong with these may have been mended. */
  readonly fromFiles?: readonly BareHook[] | undefined
  /** What takes its place is there already: a hook that fails before the stop is told, and keeps nothing from stopping. */
  readonly replaced?: boolean | undefined
}

/** The hooks that a container was made with. Throws as `runHooks`; before a stop, not where the container has ended meanwhile. */
export async function runOwnHooks(container: string, moment: HookMoment, about: Moment): Promise<void> {
  const { world, told, hooks: others = [], fromFiles, replaced = false } = about
  const view = world.containers.find(container)
  if (view?.status !== 'running') return
  try {
    await runHooks(container, fromFiles ?? view.hooks?.[moment] ?? others, world, told)
  } catch (error) {
    const hasEnded = idOf(error) !== 'compose.hook-failed' && ['not found', 'conflict'].includes(kindOf(error))
    if (moment !== 'pre_stop' || !(replaced || hasEnded)) throw error
    told.warning(messageOf(error))
  }
}

interface Stopping extends Moment {
  /** Seconds, instead of its own grace period. */
  readonly timeout?: number | undefined
}

/** Stops a container as Compose does: after its `pre_stop` hooks, if it runs. Throws as `runHooks`, with the container running. */
export async function stopAfterHooks(container: string, { timeout, ...moment }: Stopping): Promise<void> {
  await runOwnHooks(container, 'pre_stop', moment)
  await moment.world.containers.stop(container, timeout)
}

/** Starts a container that ran before, with its `post_start` hooks; nothing happens to one that runs. */
export async function startAgain(container: string, world: World, told: Told): Promise<void> {
  try {
    await world.containers.start(container)
  } catch (error) {
    if (kindOf(error) !== 'unchanged') throw error
    return
  }
  await runOwnHooks(container, 'post_start', { world, told })
}
