import type { Observed, ObservedContainer, Step } from './step.ts'

export interface DownOptions {
  /** Remove the project's volumes, named and anonymous, with all their data. */
  readonly volumes: boolean
}

/** Takes a project down: containers before what they depend on, then networks, then volumes if wished. What is external stays. */
export function planDown(project: string, observed: Observed, options: DownOptions): Step[] {
  const containers = observed.containers.map((container): Step => ({
    id: `remove ${container.id}`,
    needs: dependents(container, observed.containers).map(({ id }) => `remove ${id}`),
    kind: 'container.remove',
    name: container.name,
    container: container.id,
    volumes: options.volumes,
  }))
  const after = containers.map(({ id }) => id)
  const networks = observed.networks
    .filter((network) => network.project === project)
    .map(({ name }): Step => ({ id: `network ${name}`, needs: after, kind: 'network.remove', name }))
  const volumes = observed.volumes
    .filter((volume) => options.volumes && volume.project === project)
    .map(({ name }): Step => ({ id: `volume ${name}`, needs: after, kind: 'volume.remove', name }))
  return [...containers, ...networks, ...volumes]
}

function dependents({ id, service }: ObservedContainer, all: readonly ObservedContainer[]): ObservedContainer[] {
  return all.filter((other) => other.id !== id && other.service !== service && other.dependsOn.includes(service))
}
