import { label } from '#base/compose-labels.ts'
import type { Project } from '#compose/model/model.ts'
import type { Container } from '#engine/containers/model.ts'
import { collectNow } from '../collect.ts'
import { diagnose } from '../diagnose.ts'
import { isUnstarted, lookAtContainer } from '../look.ts'
import { serviceOf } from './service-of.ts'
import type { Places, Thing } from './thing.ts'

/** A container, whoever made it, with those that it may lean on as facts. */
export async function containerThing(container: Container, places: Places): Promise<Thing> {
  const { world, sources } = places
  const all = [container, ...neighbours(container, places)]
  const looked = all.flatMap((one) => {
    const view = world.containers.find(one.id)
    return view === undefined ? [] : [lookAtContainer(serviceOf(one), view, world)]
  })
  const [own] = looked
  const { name } = container
  const about = { subject: `Container ${name}`, notes: [] }
  // Nothing can be found out about what never ran.
  if (own !== undefined && isUnstarted(own)) {
    return { ...about, state: 'waiting', text: `${own.story}: docker start ${name} starts it`, findings: [] }
  }
  using grounds = sources.grounds()
  const facts = await collectNow(projectOf(all), looked, { sources, groundOf: grounds.of, doubted: [name] })
  return {
    ...about,
    state: own?.verdict.state ?? 'failed',
    text: own?.story ?? 'is being removed',
    findings: diagnose(facts).filter(({ service }) => service === name),
  }
}

/** Those of the same project, or else on one of its networks. */
function neighbours(container: Container, { engine }: Places): Container[] {
  const project = container.config.Labels[label.project]
  const others = engine.containers.list().filter((one) => one !== container && one.understudy !== true)
  if (project !== undefined) return others.filter(({ config }) => config.Labels[label.project] === project)
  return others.filter(({ endpoints }) => Object.keys(endpoints).some((key) => Object.hasOwn(container.endpoints, key)))
}

function projectOf(containers: readonly Container[]): Project {
  const services = containers.map(serviceOf)
  const networks = [...new Set(services.flatMap((service) => Object.keys(service.networks)))]
  return {
    name: '',
    directory: '/',
    files: [],
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    networks: Object.fromEntries(networks.map((name) => [name, { name, external: true, internal: false, labels: {} }])),
    volumes: {},
    warnings: [],
  }
}
