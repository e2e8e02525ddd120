import { GalleyError } from '#base/error.ts'
import { hooksOf } from '#compose/model/life-hooks.ts'
import type { Project } from '#compose/model/model.ts'
import { beforeEach } from './down.ts'
import { haltId } from './ids.ts'
import { networkRequest } from './network.ts'
import { afterDependencies, type RenewedNetwork } from './renewal.ts'
import type { Observed, Step } from './step.ts'

/** Makes a project's networks that are missing, and anew those in `renewed`, by name. Throws `not found` for an external one that isn't there. */
export function networkSteps(project: Project, observed: Observed, renewed: ReadonlyMap<string, RenewedNetwork>): Step[] {
  return Object.entries(project.networks).flatMap(([key, declared]) => {
    const { name, external } = declared
    const there = observed.networks.some((network) => network.name === name)
    if (external && !there) throw missing(name)
    if (!there) return [{ id: `network ${name}`, needs: [], kind: 'network.create', ...networkRequest(project.name, key, declared) }]
    const other = renewed.get(name)
    return other === undefined ? [] : renewal(project, other)
  })
}

/** The project's containers leave the network first, those that depend on others before them. */
function renewal(project: Project, { made, wished, differences, users }: RenewedNetwork): Step[] {
  const before = beforeEach(users)
  const halts = users.map(({ id, name, service }): Step => ({
    id: haltId(id),
    needs: (before.get(id) ?? []).map(haltId),
    kind: 'container.stop',
    name,
    container: id,
    preStop: hooksOf(project.services[service] ?? {}).pre_stop,
  }))
  return [
    ...halts,
    {
      id: `network ${wished.name}`,
      needs: halts.map(({ id }) => id),
      kind: 'network.renew',
      made,
      wished,
      differences,
      stops: users.map(({ name }) => name),
    },
  ]
}

/** What stopped for a network, and has no successor when all other steps are over, runs again. */
export function resumption({ wished: { name }, users }: RenewedNetwork, others: readonly Step[]): Step[] {
  if (users.length === 0) return []
  const services = new Set(users.map(({ service }) => service))
  const after = others.filter((step) => !('service' in step) || services.has(step.service)).map(({ id }) => id)
  const stopped = afterDependencies(users).map((one) => ({ id: one.id, name: one.name }))
  return [{ id: `resume ${name}`, needs: [], ...(after.length > 0 && { after }), kind: 'network.resume', name, stopped }]
}

function missing(name: string): GalleyError {
  return new GalleyError('not found', `network ${name} declared as external, but could not be found`, {
    code: 'network.not-found',
    subject: name,
    advice: `Make it (docker network create ${name}), start the project that makes it, or take "external: true" away.`,
  })
}
