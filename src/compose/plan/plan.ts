import { GalleyError } from '#base/error.ts'
import type { Project, Service } from '#compose/model/model.ts'
import { configHashOf, containerName, containerRequest } from './container.ts'
import { label } from './labels.ts'
import { refuseUnsupported } from './refuse.ts'
import type { Action, Observed, ObservedContainer, Step } from './step.ts'
import { updateOf } from './update.ts'

export interface PlanOptions {
  /** Build images anew that are here already. */
  readonly build: boolean
  readonly removeOrphans: boolean
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly warnings: readonly string[]
}

/** What leads from what exists to the project. Nothing is left to do when nothing differs. Throws `not found` (external networks, volumes), `not implemented`. */
export function planUp(project: Project, observed: Observed, options: PlanOptions): Plan {
  refuseUnsupported(project)
  const planner = new Planner(project, observed, options)
  return { steps: planner.steps(), warnings: planner.warnings() }
}

class Planner {
  readonly #project: Project
  readonly #observed: Observed
  readonly #options: PlanOptions
  readonly #steps = new Map<string, Step>()

  constructor(project: Project, observed: Observed, options: PlanOptions) {
    this.#project = project
    this.#observed = observed
    this.#options = options
  }

  steps(): Step[] {
    for (const key of Object.keys(this.#project.networks)) this.#network(key)
    for (const key of Object.keys(this.#project.volumes)) this.#volume(key)
    const services = Object.values(this.#project.services)
    // All images before any container: whether one is made anew decides about the containers of every service that uses it.
    for (const service of services) this.#image(service)
    for (const service of services) this.#service(service)
    if (this.#options.removeOrphans) for (const orphan of this.#orphans()) this.#remove(orphan)
    return [...this.#steps.values()]
  }

  warnings(): string[] {
    const names = this.#orphans().map(({ name }) => name)
    if (names.length === 0 || this.#options.removeOrphans) return []
    return [
      `Found orphan containers ([${names.join(' ')}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
    ]
  }

  #network(key: string): void {
    const { name, external, internal, labels } = this.#project.networks[key]! // its own key
    const there = this.#observed.networks.some((network) => network.name === name)
    if (external && !there)
      throw new GalleyError('not found', `network ${name} declared as external, but could not be found`, { subject: name })
    const own = { [label.project]: this.#project.name, [label.network]: key }
    if (!there) this.#add(`network ${name}`, [], { kind: 'network.create', name, internal, labels: { ...labels, ...own } })
  }

  #volume(key: string): void {
    const { name, external, labels } = this.#project.volumes[key]! // its own key
    const there = this.#observed.volumes.some((volume) => volume.name === name)
    if (external && !there) throw new GalleyError('not found', `external volume "${name}" not found`, { subject: name })
    const own = { [label.project]: this.#project.name, [label.volume]: key }
    if (!there) this.#add(`volume ${name}`, [], { kind: 'volume.create', name, labels: { ...labels, ...own } })
  }

  #service(service: Service): void {
    const all = this.#containersOf(service.name)
    // What an update left beside another when it broke off.
    const left = all.filter(({ understudy }) => understudy)
    for (const container of left) this.#remove(container)
    const [first, ...surplus] = all.filter(({ understudy }) => !understudy)
    for (const container of surplus) this.#remove(container)
    const name = containerName(this.#project, service)
    const changed = this.#container(service, first, left.map(removal))
    const start = `start ${service.name}`
    if (!changed && first?.running === true) return
    const needs = [`container ${service.name}`, ...this.#dependencies(service, () => true)]
    this.#add(start, needs, { kind: 'container.start', service: service.name, name })
  }

  /** Whether the service's container is made anew, or may be. */
  #container(service: Service, old: ObservedContainer | undefined, before: readonly string[]): boolean {
    const request = containerRequest(this.#project, service)
    const needs = [`image ${service.image}`, ...this.#surroundings(service), ...before]
    const id = `container ${service.name}`
    if (old === undefined) {
      this.#add(id, needs, { kind: 'container.create', service: service.name, request })
      return true
    }
    const image = this.#observed.images[service.image]
    const imageStep = this.#steps.has(`image ${service.image}`)
    const differs = old.configHash !== configHashOf(request) || (!imageStep && image !== old.image)
    if (!differs && !imageStep) return false
    const when = differs ? 'always' : 'image changed'
    const update = updateOf(service, old)
    // The next one is started by the same step, while the old one may still serve.
    const dependencies = this.#dependencies(service, () => true)
    this.#add(id, [...needs, ...dependencies], { kind: 'container.recreate', service: service.name, request, old: old.id, when, update })
    if (update.order === 'start-first')
      this.#add(`retire ${service.name}`, [id], {
        kind: 'container.retire',
        service: service.name,
        name: request.name,
        old: old.id,
        ports: [...new Set([...update.ports, ...old.listens])],
      })
    return true
  }

  /** What is built waits for the services that must have completed: they may make what the build reads. */
  #image({ name, image, build, dependsOn }: Service): void {
    const id = `image ${image}`
    const here = this.#observed.images[image] !== undefined
    if (build === undefined) {
      const builder = Object.values(this.#project.services).some((other) => other.build !== undefined && other.image === image)
      if (!here && !builder) this.#add(id, [], { kind: 'image.pull', reference: image })
    } else if (!here || this.#options.build) {
      const completed = this.#dependencies({ name, dependsOn }, (condition) => condition === 'service_completed_successfully')
      this.#add(id, completed, { kind: 'image.build', reference: image, build })
    }
  }

  #surroundings({ networks, mounts }: Service): string[] {
    return [
      ...Object.keys(networks).map((key) => `network ${this.#project.networks[key]?.name}`),
      ...mounts.filter(({ type }) => type === 'volume').map(({ source }) => `volume ${this.#project.volumes[source]?.name}`),
    ]
  }

  /** Ids of the steps after which a service's dependencies are as it wants them. */
  #dependencies({ dependsOn }: Pick<Service, 'name' | 'dependsOn'>, wanted: (condition: string) => boolean): string[] {
    return Object.entries(dependsOn)
      .filter(([, { condition }]) => wanted(condition))
      .map(([name, { condition, required }]) => {
        if (condition === 'service_started' && required) return `start ${name}`
        const id = `wait ${name} ${condition} ${required}`
        const container = containerName(this.#project, this.#project.services[name]!) // checked when it was loaded
        this.#add(id, [`start ${name}`], { kind: 'dependency.wait', service: name, name: container, condition, required })
        return id
      })
  }

  #remove(container: ObservedContainer): void {
    this.#add(removal(container), [], { kind: 'container.remove', name: container.name, container: container.id, volumes: false })
  }

  #containersOf(service: string): ObservedContainer[] {
    return this.#observed.containers.filter((container) => container.service === service).toSorted((a, b) => a.number - b.number)
  }

  #orphans(): ObservedContainer[] {
    return this.#observed.containers.filter(({ service }) => !Object.hasOwn(this.#project.services, service))
  }

  #add(id: string, needs: readonly string[], action: Action): void {
    if (!this.#steps.has(id)) this.#steps.set(id, { ...action, id, needs })
  }
}

/** Id of the step that removes a container. */
function removal({ id }: ObservedContainer): string {
  return `remove ${id}`
}
