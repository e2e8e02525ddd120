import { GalleyError, kindOf, messageOf } from '#base/error.ts'
import type { Action, Step } from '#compose/plan/step.ts'
import { awaitCondition } from './wait.ts'
import { recreate, type Replacing } from './recreate.ts'
import { runHooks, runOwnHooks, startAgain, stopAfterHooks } from './hooks.ts'
import { runPreStart } from './pre-start.ts'
import { drain, retire } from './retire.ts'
import { settle } from './settle.ts'
import { withBound, withImage } from './with-image.ts'
import type { Told } from './world.ts'

/** What the steps of one command have in common. */
export interface Context extends Replacing {
  /** What the image of a service is called. */
  readonly imageOf: (service: string) => string | undefined
  /** The project's; relative paths begin there. */
  readonly directory: string
}

/** The word for a step that is under way, and what carries it out; that resolves with the word for how it ended. */
export interface Executor<Kind extends Action['kind']> {
  readonly working: string
  carryOut(step: Extract<Action, { readonly kind: Kind }> & Pick<Step, 'id'>, context: Context, told: Told): Promise<string>
}

/** A step without an executor does not compile. */
export const executors: { readonly [Kind in Action['kind']]: Executor<Kind> } = {
  'network.create': {
    working: 'Creating',
    carryOut: async (step, { world }) => {
      await world.networks.create(step)
      return 'Created'
    },
  },
  'network.remove': {
    working: 'Removing',
    carryOut: ({ name }, { world }) => removed(world.networks.remove(name)),
  },
  'network.renew': {
    working: 'Recreating',
    carryOut: async ({ made, wished }, { world }) => {
      await world.networks.remove(made.name)
      try {
        await world.networks.create(wished)
      } catch (error) {
        await world.networks.create(made)
        throw error
      }
      return 'Recreated'
    },
  },
  'network.resume': {
    working: 'Settling',
    carryOut: async ({ stopped }, { world }, told) => {
      for (const { id, name } of stopped) {
        const container = world.containers.find(id)
        // What was replaced has another name, or is gone.
        if (container?.status === 'exited' && container.name === name) await startAgain(id, world, told)
      }
      return 'Settled'
    },
  },
  'volume.create': {
    working: 'Creating',
    carryOut: async (step, { world }) => {
      await world.volumes.create(step)
      return 'Created'
    },
  },
  'volume.remove': {
    working: 'Removing',
    carryOut: ({ name }, { world }) => removed(world.volumes.remove(name)),
  },
  'volume.renew': {
    working: 'Recreating',
    carryOut: async (step, { world }) => {
      await world.volumes.remove(step.name)
      await world.volumes.create(step)
      return 'Recreated'
    },
  },
  'image.pull': {
    working: 'Pulling',
    carryOut: async ({ reference }, context, told) => {
      await context.world.images.pull(reference, told, context)
      return 'Pulled'
    },
  },
  'image.build': {
    working: 'Building',
    carryOut: async ({ reference, build, files }, context, told) => {
      await context.world.images.build({ reference, build, files, imageOf: context.imageOf, directory: context.directory }, told, context)
      return 'Built'
    },
  },
  'image.remove': {
    working: 'Removing',
    carryOut: ({ reference }, { world }) => removed(world.images.remove(reference)),
  },
  'container.create': {
    working: 'Creating',
    carryOut: async ({ request, bound }, { world }) => {
      await world.containers.create(withBound(withImage(request, world), bound, world))
      return 'Created'
    },
  },
  'container.recreate': { working: 'Recreate', carryOut: recreate },
  'container.retire': { working: 'Draining', carryOut: retire },
  'container.start': {
    working: 'Starting',
    carryOut: async ({ name, files, preStart, postStart }, context, told) => {
      const { world } = context
      try {
        // Not when it was made: whatever fails in between, it never runs without them.
        if (world.containers.find(name)?.status === 'created') await world.containers.place(name, files)
        if (world.containers.find(name)?.status !== 'running') await runPreStart(name, { preStart, files }, context, told)
        await world.containers.start(name)
        await runHooks(name, postStart, world, told)
        return 'Started'
      } catch (error) {
        if (kindOf(error) === 'unchanged') return 'Running'
        throw error
      }
    },
  },
  'container.stop': {
    working: 'Stopping',
    carryOut: async ({ container, preStop }, { world, stopTimeout }, told) => {
      await stopAfterHooks(container, { world, told, timeout: stopTimeout, hooks: preStop, replaced: true })
      return 'Stopped'
    },
  },
  'container.restart': {
    working: 'Restarting',
    carryOut: async ({ name, renewed: causes, hooks }, { world, renewed }, told) => {
      if (!causes.some((id) => renewed.has(id))) return 'Running'
      await runOwnHooks(name, 'pre_stop', { world, told, hooks: hooks.pre_stop, replaced: true })
      await world.containers.restart(name)
      await runOwnHooks(name, 'post_start', { world, told, hooks: hooks.post_start })
      return 'Restarted'
    },
  },
  'service.settle': { working: 'Settling', carryOut: settle },
  'container.remove': {
    working: 'Stopping',
    carryOut: async ({ container, volumes, timeout, preStop, fromFiles, drains = [] }, { world, signal, stopTimeout }, told) => {
      try {
        if (drains.length > 0) {
          await world.containers.withdraw(container)
          const patience = (stopTimeout ?? world.containers.find(container)?.stopGracePeriod ?? 0) * 1000
          await drain(container, drains, { world, signal, patience })
        }
        await stopAfterHooks(container, { world, told, timeout: timeout ?? stopTimeout, hooks: preStop, fromFiles })
        await world.containers.remove(container, { volumes })
      } catch (error) {
        // It was about to go already.
        if (kindOf(error) !== 'not found') throw error
      }
      return 'Removed'
    },
  },
  'dependency.wait': { working: 'Waiting', carryOut: waitForDependency },
}

/** As with docker compose, what others use stays, and is no failure. The engine calls that a conflict, of a network forbidden. */
async function removed(removal: Promise<unknown>): Promise<string> {
  try {
    await removal
    return 'Removed'
  } catch (error) {
    if (['conflict', 'forbidden'].includes(kindOf(error))) return 'Resource is still in use'
    throw error
  }
}

async function waitForDependency(
  { service, name, condition, required }: Extract<Action, { readonly kind: 'dependency.wait' }>,
  context: Context,
): Promise<string> {
  try {
    return await awaitCondition(name, condition, { ...context, timeout: context.limits.timeout })
  } catch (error) {
    if (required) throw error instanceof GalleyError ? error : new GalleyError('internal', messageOf(error), { cause: error })
    context.report({ type: 'warning', text: `optional dependency "${service}" failed to start: ${messageOf(error)}` })
    return 'Skipped'
  }
}
