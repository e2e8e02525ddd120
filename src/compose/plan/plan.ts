import { GalleyError } from '#base/error.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import { hooksOf } from '#compose/model/life-hooks.ts'
import type { LifeHooks, Project, Service } from '#compose/model/model.ts'
import { boundHash, isBound, type BoundHash } from './bound-hash.ts'
import { bondsOf, configHashOf, containerName, containerRequest, type Bond } from './container.ts'
import { differenceLines } from './declared.ts'
import { placedFiles } from './files.ts'
import { haltId, idOf, removalId } from './ids.ts'
import { imageStep } from './image-step.ts'
import { builtServices, imagesBefore, otherImages } from './images.ts'
import { networkSteps, resumption } from './network-steps.ts'
import { preStartRequests } from './pre-start.ts'
import { foreignWarnings, networksToRenew, volumesToRenew, type RenewedNetwork, type RenewedVolume } from './renewal.ts'
import { refuseUnsupported, unusedKeys } from './refuse.ts'
import { replicasFor, replicasOf, type Replicas, type Slot } from './replicas.ts'
import type { Action, Observed, ObservedContainer, Step, User } from './step.ts'
import { rollout, type Change } from './rollout.ts'
import { volumeSteps } from './volume-steps.ts'

export interface PlanOptions {
  /** Build images anew that are here already. */
  readonly build: boolean
  readonly removeOrphans: boolean
  /** Orphans are not told of. */
  readonly ignoreOrphans?: boolean
  /** The project does not tell of all its services: containers of others may be no orphans. */
  readonly partial?: boolean
  /** How many containers a service is to have, instead of what its file says. */
  readonly scale?: Readonly<Record<string, number>>
  /** Make all containers anew, or none that is there; without, those that differ. */
  readonly recreate?: 'always' | 'never'
  /** Make containers without starting them. */
  readonly noStart?: boolean
  /** The services that `recreate` is about, by name: others are there for them. All of them when absent. */
  readonly named?: readonly string[]
  /** Make the containers anew that are there for the named ones. */
  readonly recreateDependencies?: boolean
  /** What is made anew gets anonymous volumes of its own, instead of its predecessor's. */
  readonly renewAnonymous?: boolean
  /** Build nothing: what is not here can't be run. */
  readonly noBuild?: boolean
  /** Instead of what each service says. */
  readonly pull?: 'always' | 'missing' | 'never'
  /** Make a volume anew, without its data, whose declaration is another one. */
  readonly yes?: boolean
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly warnings: readonly string[]
  /** The containers that the project has when it is carried out. */
  readonly containers: readonly { readonly service: string; readonly name: string }[]
  /** Volumes that would have to be made anew, by name: nobody has said yet that their data may be lost. */
  readonly kept: ReadonlyMap<string, RenewedVolume>
}

/** What leads from what exists to the project. Nothing is left to do when nothing differs. Throws `not found` (external networks, volumes), `not implemented`. */
export function planUp(project: Project, observed: Observed, options: PlanOptions): Plan {
  refuseUnsupported(project)
  const planner = new Planner(project, observed, options)
  return {
    steps: planner.steps(),
    warnings: [...unusedKeys(project), ...planner.warnings()],
    containers: planner.containers(),
    kept: options.yes === true ? new Map() : volumesToRenew(project, observed),
  }
}

class Planner {
  readonly #project: Project
  readonly #observed: Observed
  readonly #options: PlanOptions
  readonly #steps = new Map<string, Step>()
  readonly #replicas = new Map<string, Replicas>()
  readonly #planned = new Set<string>()
  readonly #endedRuns: readonly ObservedContainer[]
  readonly #networks: ReadonlyMap<string, RenewedNetwork>
  readonly #volumes: ReadonlyMap<string, RenewedVolume>

  constructor(project: Project, observed: Observed, options: PlanOptions) {
    this.#project = project
    this.#observed = { ...observed, containers: observed.containers.filter(({ oneOff }) => !oneOff) }
    this.#options = options
    this.#networks = networksToRenew(project, observed)
    this.#volumes = options.yes === true ? volumesToRenew(project, observed) : new Map()
    // As for docker compose, what one command was run in and left behind. What a hook failed in stays, to be looked into.
    this.#endedRuns =
      options.partial === true ? [] : observed.containers.filter((one) => one.oneOff && !one.running && !/-pre_start-\d+$/.test(one.name))
    const emptied = new Set([...this.#volumes.values()].flatMap(({ users }) => users))
    for (const service of Object.values(project.services))
      this.#replicas.set(
        service.name,
        replicasFor(project, service, {
          wanted: replicasOf(service, options.scale ?? {}),
          all: this.#observed.containers.filter((container) => container.service === service.name),
          unfit: emptied,
          hash: configHashOf(containerRequest(project, service, 1)),
          image: observed.images[service.image],
        }),
      )
  }

  steps(): Step[] {
    this.#addAll(networkSteps(this.#project, this.#observed, this.#networks))
    this.#addAll(volumeSteps(this.#project, this.#observed, this.#volumes))
    const services = Object.values(this.#project.services)
    // All images before any container: whether one is made anew decides about the containers of every service that uses it.
    for (const service of builtServices(this.#project)) this.#image(service)
    for (const service of services) this.#otherImages(service)
    for (const service of services) this.#service(service)
    for (const service of services) this.#restarts(service)
    if (this.#options.removeOrphans) for (const orphan of [...this.#orphans(), ...this.#endedRuns]) this.#remove(orphan)
    for (const renewed of this.#networks.values()) this.#addAll(resumption(renewed, [...this.#steps.values()]))
    return [...this.#steps.values()]
  }

  containers(): { service: string; name: string }[] {
    return [...this.#replicas].flatMap(([service, { slots }]) => slots.map(({ name }) => ({ service, name })))
  }

  warnings(): string[] {
    const foreign = foreignWarnings(this.#project, this.#observed)
    const names = [...this.#orphans(), ...this.#endedRuns].map(({ name }) => name)
    if (names.length === 0 || this.#options.removeOrphans || this.#options.ignoreOrphans === true) return foreign
    return [
      ...foreign,
      `Found orphan containers ([${names.join(' ')}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
    ]
  }

  #service(service: Service): void {
    if (this.#planned.has(service.name)) return
    this.#planned.add(service.name)
    this.#checkBonds(service)
    // Whether theirs are made anew decides about its own.
    for (const { service: other } of bondsOf(service))
      if (Object.hasOwn(this.#project.services, other)) this.#service(this.#project.services[other]!) // just seen
    const { slots, surplus } = this.#replicasOf(service.name)
    for (const container of surplus) this.#remove(container, slots.length > 0 && container.running ? container.listens : [])
    const changes = slots.flatMap((slot) => this.#container(service, slot))
    const running = slots.some((slot) => this.#goesOn(slot, changes))
    if (changes.length > 0)
      for (const step of rollout(service, changes, {
        sharedBy: this.#sharedBy(service),
        dependencies: this.#dependencies(service, () => true),
        files: placedFiles(this.#project, service),
        several: slots.length > 1,
        preStart: (slot, first) => preStartRequests(this.#project, service, { number: slot.number, first: first && !running }),
      }))
        this.#steps.set(step.id, step)
    const starting = slots.filter((slot) => this.#options.noStart !== true && !this.#staysStarted(service, slot))
    for (const slot of starting) {
      const none = starting.length === slots.length
      const first = none && slot === starting[0]
      // What runs once runs before any of them.
      const after = (service.preStart ?? []).length > 0 && none && !first ? [idOf('start', service, starting[0]!)] : []
      const needs = [idOf('container', service, slot), ...this.#networksOf(service), ...this.#dependencies(service, () => true), ...after]
      this.#add(idOf('start', service, slot), needs, {
        kind: 'container.start',
        service: service.name,
        name: slot.name,
        files: placedFiles(this.#project, service),
        preStart: preStartRequests(this.#project, service, { number: slot.number, first }),
        postStart: service.postStart ?? [],
      })
    }
  }

  /** Whether a container of the service runs that nothing replaces: what runs once before its service has run then. */
  #goesOn({ old }: Slot, changes: readonly Change[]): boolean {
    return old?.running === true && !changes.some(({ slot }) => slot.old === old)
  }

  /** A running container goes on, or its successor is started by the step that makes it. */
  #staysStarted(service: Service, { old, ...slot }: Slot): boolean {
    const step = this.#steps.get(idOf('container', service, slot))
    if (step === undefined && this.#leaves(old) !== undefined) return false
    return old?.running === true && (step === undefined || step.kind === 'container.recreate')
  }

  /** A new container for a place where there is none; returns what must be replaced there because it differs, or may. */
  #container(service: Service, slot: Slot): Change[] {
    const { old, number } = slot
    const request = containerRequest(this.#project, service, number)
    const shared = this.#shared(service)
    const needs = [`image ${service.image}`, ...this.#surroundings(service), ...this.#before(service), ...shared]
    const id = idOf('container', service, slot)
    const bound = this.#bound(service)
    if (old === undefined) {
      this.#add(id, needs, { kind: 'container.create', service: service.name, request, ...bound })
      return []
    }
    if (this.#options.recreate === 'never') return []
    const image = this.#observed.images[service.image]
    const imageStep = this.#steps.has(`image ${service.image}`)
    const moves = shared.some((step) => this.#steps.has(step))
    const leaves = this.#leaves(old)
    const mounted = this.#mountedChanges(service, old)
    const isOther = !this.#isSame(service, old, request) || (!imageStep && image !== old.image) || mounted.some(({ isSure }) => isSure)
    // It joins the new network when it starts again; who lives in its namespaces would be left behind in the old ones.
    const uproots = leaves !== undefined && this.#sharedBy(service).length > 0
    const differs = this.#isAskedFor(service) || moves || isOther || uproots || this.#lacks(service, old) !== undefined
    if (!differs && !imageStep && mounted.length === 0) return []
    const when = differs ? 'always' : 'image changed'
    const renews = this.#options.renewAnonymous === true
    const what = { request, ...bound, old: old.id, when, renews, differences: this.#differences(service, old, request) } as const
    return [{ slot: { ...slot, old }, needs, what, leaves }]
  }

  /** Images of which it mounts others than they are now, or may be once they are built or pulled in this plan. */
  #mountedChanges({ mounts }: Service, { mountedImages }: ObservedContainer): { readonly line: string; readonly isSure: boolean }[] {
    return mounts.flatMap(({ type, source, target }): { readonly line: string; readonly isSure: boolean }[] => {
      if (type !== 'image') return []
      const [then, now] = [mountedImages[target], this.#observed.images[source]]
      if (this.#steps.has(`image ${source}`)) return [{ line: `mounted image: ${source}, if it is another one then`, isSure: false }]
      if (then === undefined || now === undefined || then === now) return []
      return [{ line: `mounted image: ${source} is ${shortDigest(now)} now, was ${shortDigest(then)}`, isSure: true }]
    })
  }

  /** Whether its containers are to be made anew although they may not differ. */
  #isAskedFor({ name }: Service): boolean {
    const { named, recreate, recreateDependencies } = this.#options
    return named === undefined || named.includes(name) ? recreate === 'always' : recreateDependencies === true
  }

  /** What its hash is to be taken of once the containers are there that its own are bound to. */
  #bound({ hashed }: Service): { readonly bound?: BoundHash } {
    if (hashed === undefined || !isBound(hashed)) return {}
    const names = [...this.#replicas].flatMap(
      ([
        name,
        {
          slots: [first],
        },
      ]) => (first === undefined ? [] : [[name, first.name] as const]),
    )
    const others = Object.values(this.#project.beside ?? {}).map((other) => [other.name, containerName(this.#project, other, 1)] as const)
    return { bound: { text: hashed, containers: Object.fromEntries([...others, ...names]) } }
  }

  /** Whether a container was made of what its service says now; of a bound one, with the containers that are there. */
  #isSame({ hashed }: Service, { configHash }: ObservedContainer, request: CreateRequest): boolean {
    if (configHash === configHashOf(request)) return true
    const idOfService = (name: string): string | undefined => (this.#replicas.get(name)?.slots[0]?.old ?? this.#besides(name))?.id
    return hashed !== undefined && isBound(hashed) && configHash === boundHash(hashed, idOfService)
  }

  /** The container of a service that is left out of this command. */
  #besides(service: string): ObservedContainer | undefined {
    if (this.#project.beside === undefined || !Object.hasOwn(this.#project.beside, service)) return undefined
    return this.#observed.containers.find((container) => container.service === service)
  }

  /** Of a service that is left out, the container must be there. Throws `not found` as Docker Compose words it. */
  #checkBonds(service: Service): void {
    for (const { service: name, by } of bondsOf(service)) {
      const isLeftOut = Object.hasOwn(this.#project.beside ?? {}, name)
      if (!isLeftOut || this.#besides(name) !== undefined || by === 'a link') continue
      const what = by === 'volumes' ? 'volume' : 'network namespace'
      throw new GalleyError('not found', `cannot share ${what} with service ${name}: container missing`, {
        subject: name,
        advice: `galley up ${name} makes it.`,
      })
    }
  }

  /** Ids of the steps that make the containers that its own are bound to. */
  #shared(service: Service): string[] {
    return bondsOf(service).flatMap(({ service: name }) => this.#replicasOf(name).slots.map((slot) => idOf('container', { name }, slot)))
  }

  #sharedBy({ name }: Service): string[] {
    return Object.values(this.#project.services).flatMap((other) =>
      bondsOf(other).some(({ service, by }) => service === name && by === 'namespaces') ? [other.name] : [],
    )
  }

  /** Why a container is not as it should be. */
  #differences(service: Service, old: ObservedContainer, request: CreateRequest): string[] {
    const image = this.#observed.images[service.image]
    const lines = this.#isSame(service, old, request) ? [] : differenceLines(old.declared, service)
    for (const { service: name, by } of bondsOf(service))
      if (this.#shared(service).some((id) => this.#steps.has(id))) lines.push(`${bondText[by]} ${name}, which is made anew`)
    const [network, lacking] = [this.#leaves(old), this.#lacks(service, old)]
    if (lacking !== undefined) lines.push(`it does not have the ${lacking}`)
    if (network !== undefined) lines.push(`it is on the network ${network}, which is made anew`)
    if (this.#steps.has(`image ${service.image}`)) lines.push(`image: ${service.image}, if it is another one then`)
    else if (image !== old.image) lines.push(`image: ${service.image} is ${shortDigest(image)} now, was ${shortDigest(old.image)}`)
    lines.push(...this.#mountedChanges(service, old).map(({ line }) => line))
    return lines.length === 0 ? ['asked for'] : lines
  }

  /** Services that say so restart after what they depend on was made anew, when they aren't anyway. */
  #restarts(service: Service): void {
    const renewed = Object.entries(service.dependsOn)
      .filter(([, { restart }]) => restart === true)
      .flatMap(([name]) => this.#replicasOf(name).slots.map((slot) => idOf('container', { name }, slot)))
      .filter((id) => this.#steps.get(id)?.kind === 'container.recreate')
    for (const slot of this.#replicasOf(service.name).slots)
      if (renewed.length > 0 && slot.old?.running === true && !this.#steps.has(idOf('container', service, slot)))
        this.#add(idOf('restart', service, slot), [...renewed, ...this.#dependencies(service, () => true)], {
          kind: 'container.restart',
          service: service.name,
          name: slot.name,
          renewed,
          hooks: hooksOf(service),
        })
  }

  /** What is built waits for the services that must have completed: they may make what the build reads. */
  #image(service: Service): void {
    const action = imageStep(this.#project, service, this.#observed, this.#options)
    if (action === undefined) return
    const needs =
      action.kind === 'image.pull'
        ? []
        : [
            ...this.#dependencies(service, (condition) => condition === 'service_completed_successfully'),
            ...imagesBefore(this.#project, service, action.build),
          ]
    this.#add(`image ${service.image}`, needs, action)
  }

  /** The network that a running container must leave, as it is made anew. */
  #leaves(container: ObservedContainer | undefined): string | undefined {
    return [...this.#networks.values()].find(({ users }) => users.some(({ id }) => id === container?.id))?.wished.name
  }

  /** A volume or network that is called otherwise than before, which a hash does not tell. A container that stands still is on no network. */
  #lacks({ mounts, networks }: Service, { id, running }: ObservedContainer): string | undefined {
    const isMissing = (there: { readonly users?: readonly User[] } | undefined): boolean =>
      there?.users !== undefined && !there.users.some((user) => user.id === id)
    const find = (kind: 'volumes' | 'networks', key: string): boolean =>
      isMissing(this.#observed[kind].find(({ name }) => name === this.#project[kind][key]?.name))
    const volume = mounts.find(({ type, source }) => type === 'volume' && source !== '' && find('volumes', source))
    if (volume !== undefined) return `volume ${this.#project.volumes[volume.source]?.name}`
    const network = running ? Object.keys(networks).find((key) => find('networks', key)) : undefined
    return network === undefined ? undefined : `network ${this.#project.networks[network]?.name}`
  }

  #networksOf({ networks }: Pick<Service, 'networks'>): string[] {
    return Object.keys(networks).map((key) => `network ${this.#project.networks[key]?.name}`)
  }

  /** Images that are only mounted, or only run before it, are pulled when they are missing, unless a service builds them. */
  #otherImages(service: Service): void {
    for (const image of otherImages(service))
      if (this.#observed.images[image] === undefined && this.#options.pull !== 'never')
        this.#add(`image ${image}`, [], { kind: 'image.pull', reference: image })
  }

  #surroundings({ networks, mounts, preStart = [] }: Service): string[] {
    return [
      ...this.#networksOf({ networks }),
      ...otherImages({ mounts, preStart }).map((image) => `image ${image}`),
      ...mounts.filter(({ type }) => type === 'volume').map(({ source }) => `volume ${this.#project.volumes[source]?.name}`),
    ]
  }

  /** What an update that broke off left behind has the names and addresses that the next one wants. */
  #before({ name }: Service): string[] {
    return this.#replicasOf(name).surplus.map(({ id }) => removalId(id))
  }

  /** Ids of the steps after which a service's dependencies are as it wants them. */
  #dependencies({ dependsOn }: Pick<Service, 'name' | 'dependsOn'>, wanted: (condition: string) => boolean): string[] {
    return Object.entries(dependsOn)
      .filter(([, { condition }]) => wanted(condition))
      .flatMap(([name, { condition, required }]) =>
        this.#replicasOf(name).slots.flatMap((slot) => {
          const up = [idOf('container', { name }, slot), idOf('start', { name }, slot)]
          if (condition === 'service_started' && required) return up
          const id = `wait ${slot.name} ${condition} ${required}`
          this.#add(id, up, { kind: 'dependency.wait', service: name, name: slot.name, condition, required })
          return [id]
        }),
      )
  }

  /** None of a service that is left out of this command. */
  #replicasOf(service: string): Replicas {
    return this.#replicas.get(service) ?? { slots: [], surplus: [] }
  }

  #remove(container: ObservedContainer, drains: readonly number[] = []): void {
    const { name, id, service } = container
    const preStop = this.#hooksOf(service).pre_stop
    // It stops once.
    const needs = this.#leaves(container) === undefined ? [] : [haltId(id)]
    this.#add(removalId(id), needs, { kind: 'container.remove', name, container: id, volumes: false, preStop, drains })
  }

  /** Those of the file; none of a service that it doesn't have. */
  #hooksOf(service: string): LifeHooks {
    return hooksOf(this.#project.services[service] ?? {})
  }

  #orphans(): ObservedContainer[] {
    if (this.#options.partial === true) return []
    const known = new Set([...Object.keys(this.#project.services), ...(this.#project.disabled ?? [])])
    return this.#observed.containers.filter(({ service }) => !known.has(service))
  }

  #addAll(steps: readonly Step[]): void {
    for (const step of steps) if (!this.#steps.has(step.id)) this.#steps.set(step.id, step)
  }

  #add(id: string, needs: readonly string[], action: Action): void {
    if (!this.#steps.has(id)) this.#steps.set(id, { ...action, id, needs })
  }
}

function shortDigest(digest = ''): string {
  return digest.replace('sha256:', '').slice(0, 12)
}

const bondText: Readonly<Record<Bond['by'], string>> = {
  namespaces: 'it lives in the namespaces of',
  volumes: 'it has the volumes of',
  'a link': 'it has a link to',
}
