import { dependenciesIn, label } from '#base/compose-labels.ts'
import { withoutCircles } from '#base/circles.ts'
import type { Container } from './model.ts'

/** How far a container must have come before one that depends on it starts (compose-spec, depends_on: condition). */
export type Milestone = 'started' | 'healthy' | 'completed'

export interface Dependency {
  readonly id: string
  readonly until: Milestone
}

const milestones: Readonly<Record<string, Milestone>> = {
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
}

/**
 * What each of `containers` waits for among them when all are started at once: its Compose project's `depends_on`, whose
 * namespaces or volumes it shares, and what it is linked to. Circles are cut where they close, so that nothing waits for ever.
 */
export function dependenciesOf(containers: readonly Container[]): Map<string, Dependency[]> {
  return withoutCircles(new Map(containers.map((container) => [container.id, directDependencies(container, containers)])), ({ id }) => id)
}

function directDependencies(container: Container, all: readonly Container[]): Dependency[] {
  const { hostConfig } = container
  const shared = [hostConfig.NetworkMode, hostConfig.PidMode, hostConfig.IpcMode]
    .filter((mode) => mode.startsWith('container:'))
    .map((mode) => mode.slice('container:'.length))
  const references = [...shared, ...texts(hostConfig, 'VolumesFrom'), ...texts(hostConfig, 'Links')].map((text) => text.split(':')[0] ?? '')
  const named = references.flatMap((reference) =>
    all.filter(({ id, name }) => name === reference.replace(/^\//, '') || (reference.length >= 12 && id.startsWith(reference))),
  )
  return [...named.map(({ id }) => ({ id, until: 'started' as const })), ...composeDependencies(container, all)].filter(
    ({ id }) => id !== container.id,
  )
}

function composeDependencies({ config: { Labels } }: Container, all: readonly Container[]): Dependency[] {
  const project = Labels[label.project]
  if (project === undefined) return []
  return dependenciesIn(Labels[label.dependsOn]).flatMap(({ service, condition }) =>
    all
      .filter(({ config }) => config.Labels[label.project] === project && config.Labels[label.service] === service)
      .map(({ id }) => ({ id, until: milestones[condition] ?? ('started' as const) })),
  )
}

/** A list of texts that not every version of `HostConfig` has. */
function texts(hostConfig: object, field: string): string[] {
  const value: unknown = Object.entries(hostConfig).find(([name]) => name === field)?.[1]
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}
