import { GalleyError, messageOf } from '#base/error.ts'
import type { BareHook } from '#compose/model/model.ts'
import type { Told, World } from './world.ts'

/** Runs a service's hooks in its container, one after the other. Throws `conflict` for the first that fails, as Docker Compose words it. */
export async function runHooks(container: string, hooks: readonly BareHook[], world: World, told: Told): Promise<void> {
  for (const hook of hooks) {
    told.progress(`runs ${hook.command.join(' ')}`)
    const { exitCode, output } = await world.containers.exec(container, hook)
    for (const line of output.split('\n')) if (line !== '') told.output(line)
    if (exitCode !== 0)
      throw new GalleyError('conflict', `hook exited with status ${exitCode}: ${hook.command.join(' ')}`, { code: 'compose.hook-failed' })
  }
}

/** The hooks before a stop: one that fails is told, and keeps nothing from stopping. */
export async function runStopHooks(container: string, hooks: readonly BareHook[], world: World, told: Told): Promise<void> {
  try {
    await runHooks(container, hooks, world, told)
  } catch (error) {
    told.warning(messageOf(error))
  }
}
