import type { BoundHash } from './bound-hash.ts'
import type { NetworkWishes } from '#engine/networks/model.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { Build, Condition, BareHook, LifeHooks } from '#compose/model/model.ts'
import type { PlacedFile } from './files.ts'

/** What exists, as far as a project is concerned. */
export interface Observed {
  /** Names of all networks and volumes of the instance, with the project that each belongs to. */
  readonly networks: readonly ObservedNetwork[]
  readonly volumes: readonly ObservedVolume[]
  /** Ids of the images that the project refers to and that are here. */
  readonly images: Readonly<Record<string, string>>
  /** Milliseconds since they were pulled, built or named last. */
  readonly imageAges?: Readonly<Record<string, number>>
  /** The project's containers. */
  readonly containers: readonly ObservedContainer[]
}

export interface Owned {
  readonly name: string
  readonly project: string | undefined
}

export interface ObservedNetwork extends Owned {
  /** What it is called in its project's file; undefined when that isn't known. */
  readonly key?: string | undefined
  /** Of the declaration that it was made from. */
  readonly configHash?: string | undefined
  /** What it could be asked for with, to be as it is. */
  readonly made?: NetworkWishes
  /** The containers that run on it. */
  readonly users?: readonly User[]
}

export interface ObservedVolume extends Owned {
  readonly configHash?: string | undefined
  readonly labels?: Labels
  readonly options?: Labels
  /** The containers that have it, running or not. */
  readonly users?: readonly User[]
}

/** A container, the project's or not. */
export interface User {
  readonly id: string
  readonly name: string
}

export interface ObservedContainer {
  readonly id: string
  readonly name: string
  readonly service: string
  readonly number: number
  readonly configHash: string
  readonly image: string
  /** Ids of the images whose files it mounts, by where. */
  readonly mountedImages: Readonly<Record<string, string>>
  /** What its image was called when it was made. */
  readonly reference: string
  readonly running: boolean
  readonly dependsOn: readonly string[]
  /** It was made for one command (`run`, a `pre_start` hook): none of its service's containers, but the project's. */
  readonly oneOff: boolean
  /** It stands beside the one that has the ports and names, left over by an update that broke off. */
  readonly understudy: boolean
  /** Whether a health check runs in it, its image's own included. */
  readonly checked: boolean
  /** Ports inside that it waits for TCP connections on, but for those on loopback; none when it doesn't run. */
  readonly listens: readonly number[]
  /** Where volumes without a name of their own are mounted, those that its image asks for included. */
  readonly anonymousVolumes: readonly string[]
  /** The declaration that it was made from, when Galley made it. */
  readonly declared: string | undefined
  /** What is published while it runs. */
  readonly published: readonly { readonly hostIp: string; readonly hostPort: number }[]
}

/** How a container takes another's place. */
export interface Update {
  readonly order: 'start-first' | 'stop-first'
  /** The same for the old one, should it have to come back after the switch. */
  readonly back: 'start-first' | 'stop-first'
  /** Whether it must become ready, or the old one goes on. */
  readonly verify: boolean
  /** What the person should know before it happens; empty when there is nothing to say. */
  readonly note: string
  /** Milliseconds between two containers of a service. */
  readonly delay: number
  /** Milliseconds after the switch during which a failure still brings the old one back. */
  readonly monitor: number
  /** Ports inside that tell that it is ready, where no health check does. */
  readonly ports: readonly number[]
}

/** How the containers of a service come back. */
export interface Rollback {
  /** How many at a time. */
  readonly parallelism: number
  /** Milliseconds between two of them, and those for which each is watched afterwards. */
  readonly delay: number
  readonly monitor: number
  /** How many may fail without the rest being given up. */
  readonly tolerated: number
}

/** One thing to do. Steps whose `needs` are done may run at the same time. */
export type Step = Action & {
  readonly id: string
  /** Ids of the steps that must succeed first. */
  readonly needs: readonly string[]
  /** Ids of the steps that must be over, however they ended. */
  readonly after?: readonly string[]
}

export type Action =
  | ({ readonly kind: 'network.create' } & NetworkWishes)
  | { readonly kind: 'network.remove'; readonly name: string }
  /** Made anew while nothing runs on it; stays as it was when it can't be. */
  | {
      readonly kind: 'network.renew'
      /** Names of the containers that stop for it. */
      readonly stops: readonly string[]
      readonly made: NetworkWishes
      readonly wished: NetworkWishes
      readonly differences: readonly string[]
    }
  /** The end of it: those of the containers that stopped for it which nothing replaced run again. */
  | { readonly kind: 'network.resume'; readonly name: string; readonly stopped: readonly { readonly id: string; readonly name: string }[] }
  | { readonly kind: 'volume.create'; readonly name: string; readonly labels: Labels; readonly options: Labels }
  | { readonly kind: 'volume.remove'; readonly name: string }
  /** Its data are lost. */
  | {
      readonly kind: 'volume.renew'
      readonly name: string
      readonly labels: Labels
      readonly options: Labels
      readonly differences: readonly string[]
    }
  | { readonly kind: 'image.pull'; readonly reference: string }
  | {
      readonly kind: 'image.build'
      readonly reference: string
      readonly build: Build
      /** Its secrets by id. */
      readonly files: Readonly<Record<string, Pick<PlacedFile, 'from' | 'content'>>>
    }
  | { readonly kind: 'container.create'; readonly service: string; readonly request: CreateRequest; readonly bound?: BoundHash }
  | {
      readonly kind: 'container.recreate'
      readonly service: string
      readonly request: CreateRequest
      readonly bound?: BoundHash
      /** Secrets and configs that are put into it before it starts. */
      readonly files: readonly PlacedFile[]
      /** Id of the container whose place is taken. */
      readonly old: string
      /** When its image is built or pulled in this plan, only then can be told whether it changed. */
      readonly when: 'always' | 'image changed'
      /** Whether it gets anonymous volumes of its own, instead of the old one's. */
      readonly renews: boolean
      /** What differs, a line each. */
      readonly differences: readonly string[]
      readonly update: Update
      /** Whether it is started by this step, as the old one ran; else another step does it. */
      readonly starts: boolean
      readonly preStart: readonly CreateRequest[]
      readonly postStart: readonly BareHook[]
      readonly preStop: readonly BareHook[]
      /** Whether the old one stays, stopped, until the service's others are replaced as well. */
      readonly keepOld: boolean
      /** Ids of the steps that replace the service's others, and how many of those may have failed. */
      readonly peers: readonly string[]
      readonly tolerated: number
    }
  /** Lets the connections of a container that was replaced end, then stops it. */
  | {
      readonly kind: 'container.retire'
      readonly service: string
      /** Of its successor. */
      readonly name: string
      readonly old: string
      readonly ports: readonly number[]
      readonly preStop: readonly BareHook[]
      readonly keepOld: boolean
    }
  /** The end of an update of several containers: the old ones go, or come back when one of the new ones failed. */
  | {
      readonly kind: 'service.settle'
      readonly service: string
      readonly places: readonly {
        readonly name: string
        readonly old: string
        readonly step: string
        /** How the old one comes back. */
        readonly order: Update['order']
        readonly ports: readonly number[]
      }[]
      /** How many new ones may have failed without the others going back. */
      readonly tolerated: number
      /** Undefined when those that were replaced stay so. */
      readonly rollback: Rollback | undefined
    }
  | {
      readonly kind: 'container.start'
      readonly service: string
      readonly name: string
      /** Secrets and configs that are put into it before its first start. */
      readonly files: readonly PlacedFile[]
      /** Containers that run to their end before it starts, in this order. */
      readonly preStart: readonly CreateRequest[]
      readonly postStart: readonly BareHook[]
    }
  | { readonly kind: 'container.stop'; readonly name: string; readonly container: string; readonly preStop: readonly BareHook[] }
  | {
      readonly kind: 'container.restart'
      readonly service: string
      readonly name: string
      /** Steps of which one must have made a container anew. */
      readonly renewed: readonly string[]
      readonly hooks: LifeHooks
    }
  | {
      readonly kind: 'container.remove'
      readonly name: string
      readonly container: string
      readonly volumes: boolean
      /** Seconds that it may take to stop, instead of its own. */
      readonly timeout?: number
      readonly preStop: readonly BareHook[]
      /** Those of the caller's files, which count before those that it was made with. */
      readonly fromFiles?: readonly BareHook[]
      /** Ports whose connections may end first, as others of its service go on. */
      readonly drains?: readonly number[]
    }
  | { readonly kind: 'image.remove'; readonly reference: string }
  | {
      readonly kind: 'dependency.wait'
      readonly service: string
      readonly name: string
      readonly condition: Condition
      readonly required: boolean
    }

type Labels = Readonly<Record<string, string>>

/** How a person calls what a step is about, as Docker Compose does: `Container meal-app-1`. */
export function subjectOf(step: Action): string {
  switch (step.kind) {
    case 'network.create':
    case 'network.remove':
    case 'network.resume':
      return `Network ${step.name}`
    case 'network.renew':
      return `Network ${step.wished.name}`
    case 'volume.create':
    case 'volume.remove':
    case 'volume.renew':
      return `Volume ${step.name}`
    case 'image.pull':
    case 'image.build':
    case 'image.remove':
      return `Image ${step.reference}`
    case 'container.create':
    case 'container.recreate':
      return `Container ${step.request.name}`
    case 'service.settle':
      return `Service ${step.service}`
    case 'container.start':
    case 'container.stop':
    case 'container.retire':
    case 'container.restart':
    case 'container.remove':
    case 'dependency.wait':
      return `Container ${step.name}`
  }
}
