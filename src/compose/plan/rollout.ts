import type { CreateRequest } from '#engine/containers/create.ts'
import type { Service, UpdateConfig } from '#compose/model/model.ts'
import type { PlacedFile } from './files.ts'
import { idOf } from './ids.ts'
import type { Slot } from './replicas.ts'
import type { Action, ObservedContainer, Rollback, Step } from './step.ts'
import { updateOf } from './update.ts'

type Recreate = Extract<Action, { readonly kind: 'container.recreate' }>

/** A container that is to be replaced, or may have to be. */
export interface Change {
  readonly slot: Slot & { readonly old: ObservedContainer }
  /** Ids of the steps that must succeed before its successor is made. */
  readonly needs: readonly string[]
  readonly what: Pick<Recreate, 'request' | 'bound' | 'old' | 'when' | 'renews' | 'differences'>
  /** A network that it must leave, as it is made anew. */
  readonly leaves: string | undefined
}

interface Surroundings {
  /** Services that live in its namespaces. */
  readonly sharedBy: readonly string[]
  /** Ids of the steps after which what it depends on is as it wants it. */
  readonly dependencies: readonly string[]
  readonly files: readonly PlacedFile[]
  /** Containers that run to their end before the one that is made there starts. */
  preStart(slot: Slot, first: boolean): readonly CreateRequest[]
  /** Whether the service has several containers: then the old ones stay until all are replaced. */
  readonly several: boolean
}

/** Replaces a service's containers as its `update_config` says: so many at a time, and back again when too many fail. */
export function rollout(service: Service, changes: readonly Change[], surroundings: Surroundings): Step[] {
  const steps = changes.flatMap((_change, index) => replacement(service, changes, index, surroundings))
  return surroundings.several && changes.length > 0 ? [...steps, settlement(service, changes, surroundings)] : steps
}

/** Each after the ones that have their turn before it are done, or over where failures are tolerated. */
function replacement(...[service, changes, index, surroundings]: readonly [Service, readonly Change[], number, Surroundings]): Step[] {
  const { slot, needs, what, leaves } = changes[index]! // one of them
  const { sharedBy, dependencies, files, several } = surroundings
  const config = service.deploy?.updateConfig ?? {}
  const before = changes[index - parallel(config, changes.length)]?.slot
  const own = updateOf(service, slot.old, { sharedBy, renewed: leaves })
  // What is to be known of a service is told once, and the first ones wait for nobody.
  const update = { ...own, ...(before === undefined && { delay: 0 }), ...(index > 0 && { note: '' }) }
  const turn = before === undefined ? [] : [idOf('container', service, before), idOf('retire', service, before)]
  const tolerated = tolerance(config, changes.length)
  const id = idOf('container', service, slot)
  const recreate: Step = {
    id,
    // The next one is started by the same step, while the old one may still serve.
    needs: [...needs, ...dependencies, ...(tolerated > 0 ? [] : turn)],
    after: tolerated > 0 ? turn : [],
    kind: 'container.recreate',
    service: service.name,
    ...what,
    files,
    update,
    starts: slot.old.running,
    preStart: surroundings.preStart(slot, index === 0),
    postStart: service.postStart ?? [],
    preStop: service.preStop ?? [],
    keepOld: several,
    peers: changes.filter((other) => other.slot !== slot).map((other) => idOf('container', service, other.slot)),
    tolerated,
  }
  if (update.order !== 'start-first') return [recreate]
  return [recreate, retirement(service, { slot, ports: update.ports, several })]
}

function retirement(
  { name, preStop = [] }: Service,
  { slot, ports, several }: { readonly slot: Change['slot']; readonly ports: readonly number[]; readonly several: boolean },
): Step {
  return {
    id: idOf('retire', { name }, slot),
    needs: [idOf('container', { name }, slot)],
    kind: 'container.retire',
    service: name,
    name: slot.name,
    old: slot.old.id,
    ports: [...new Set([...ports, ...slot.old.listens])],
    preStop,
    keepOld: several,
  }
}

/** The old containers go when all of them have been replaced: until then they can come back. */
function settlement(service: Service, changes: readonly Change[], { sharedBy }: Surroundings): Step {
  const { updateConfig = {} } = service.deploy ?? {}
  return {
    id: `settle ${service.name}`,
    needs: [],
    after: changes.flatMap(({ slot }) => [idOf('container', service, slot), idOf('retire', service, slot)]),
    kind: 'service.settle',
    service: service.name,
    places: changes.map(({ slot, leaves }) => {
      const { back, ports } = updateOf(service, slot.old, { sharedBy, renewed: leaves })
      return { name: slot.name, old: slot.old.id, step: idOf('container', service, slot), order: back, ports }
    }),
    tolerated: tolerance(updateConfig, changes.length),
    rollback: ['rollback', undefined].includes(updateConfig.failureAction) ? rollbackOf(service, changes.length) : undefined,
  }
}

function rollbackOf({ deploy }: Service, count: number): Rollback {
  const config = deploy?.rollbackConfig ?? {}
  return {
    parallelism: parallel(config, count),
    delay: (config.delay ?? 0) / 1e6,
    monitor: (config.monitor ?? 0) / 1e6,
    tolerated: tolerance(config, count),
  }
}

/** How many at a time; 0 stands for all of them. */
function parallel({ parallelism = 1 }: UpdateConfig, count: number): number {
  return parallelism === 0 ? count : parallelism
}

/** How many of `count` may fail without the rest being given up. */
function tolerance({ failureAction, maxFailureRatio = 0 }: UpdateConfig, count: number): number {
  return failureAction === 'continue' ? count : Math.floor(maxFailureRatio * count)
}
