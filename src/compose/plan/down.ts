import { withoutCircles } from '#base/circles.ts'
import type { HooksByService } from '#compose/model/model.ts'
import { removalId } from './ids.ts'
import type { Observed, ObservedContainer, Step } from './step.ts'

export interface DownOptions {
  /** Remove the project's volumes, named and anonymous, with all their data. */
  readonly volumes: boolean
  /** Only these services' containers; networks and volumes stay then. */
  readonly services?: readonly string[]
  /** Seconds that a container may take to stop, instead of its own. */
  readonly timeout?: number
  /** Remove their images too: all of them, or those that were built for the project under a name of its own. */
  readonly images?: 'all' | 'local'
  /** What the images of services are called in the caller's file, those included that have no container. */
  readonly declaredImages?: Readonly<Record<string, string>>
  /** Of the caller's file: they count before those that its containers were made with. */
  readonly hooks?: HooksByService
}

/** Takes a project down: containers before what they depend on, then networks, then volumes if wished. What is external stays. */
export function planDown(project: string, observed: Observed, options: DownOptions): Step[] {
  const { services = [], timeout, hooks = {} } = options
  const going = observed.containers.filter(({ service }) => services.length === 0 || services.includes(service))
  const before = beforeEach(going)
  const fromFiles = ({ service }: ObservedContainer): object =>
    Object.hasOwn(hooks, service) ? { fromFiles: hooks[service]!.pre_stop } : {} // just seen
  const containers = going.map((container): Step => ({
    id: removalId(container.id),
    needs: (before.get(container.id) ?? []).map(removalId),
    kind: 'container.remove',
    name: container.name,
    container: container.id,
    volumes: options.volumes,
    preStop: [],
    ...fromFiles(container),
    ...(timeout !== undefined && { timeout }),
  }))
  const after = containers.map(({ id }) => id)
  const images = imagesOf(project, going, observed, options).map((reference): Step => ({
    id: `image ${reference}`,
    needs: after,
    kind: 'image.remove',
    reference,
  }))
  if (services.length > 0) return [...containers, ...images]
  const networks = observed.networks
    .filter((network) => network.project === project)
    .map(({ name }): Step => ({ id: `network ${name}`, needs: after, kind: 'network.remove', name }))
  const volumes = observed.volumes
    .filter((volume) => options.volumes && volume.project === project)
    .map(({ name }): Step => ({ id: `volume ${name}`, needs: after, kind: 'volume.remove', name }))
  return [...containers, ...networks, ...volumes, ...images]
}

function imagesOf(
  project: string,
  going: readonly ObservedContainer[],
  observed: Observed,
  { images, declaredImages = {}, services = [] }: DownOptions,
): string[] {
  if (images === undefined) return []
  const declared = Object.entries(declaredImages).filter(
    ([service, reference]) => observed.images[reference] !== undefined && (services.length === 0 || services.includes(service)),
  )
  const all = [...going.map(({ service, reference }) => [service, reference] as const), ...declared]
  const wanted = all.filter(
    ([service, reference]) => images === 'all' || [`${project}-${service}`, `${project}_${service}`].includes(reference),
  )
  return [...new Set(wanted.map(([, reference]) => reference))]
}

/**
 * Ids of the containers that stop before each: those that depend on its service. A file changes, and containers of its versions tell of
 * dependencies that go round in a circle when taken together: these are cut.
 */
export function beforeEach(containers: readonly ObservedContainer[]): Map<string, string[]> {
  const dependents = ({ service }: ObservedContainer): string[] =>
    containers.filter((other) => other.service !== service && other.dependsOn.includes(service)).map(({ id }) => id)
  return withoutCircles(new Map(containers.map((container) => [container.id, dependents(container)])), (id) => id)
}
