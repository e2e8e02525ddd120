import type { CreateRequest } from '#engine/containers/create.ts'
import type { Build, Condition } from '#compose/model/model.ts'

/** What exists, as far as a project is concerned. */
export interface Observed {
  /** Names of all networks and volumes of the instance, with the project that each belongs to. */
  readonly networks: readonly Owned[]
  readonly volumes: readonly Owned[]
  /** Ids of the images that the project refers to and that are here. */
  readonly images: Readonly<Record<string, string>>
  /** The project's containers. */
  readonly containers: readonly ObservedContainer[]
}

export interface Owned {
  readonly name: string
  readonly project: string | undefined
}

export interface ObservedContainer {
  readonly id: string
  readonly name: string
  readonly service: string
  readonly number: number
  readonly configHash: string
  readonly image: string
  readonly running: boolean
  readonly dependsOn: readonly string[]
  /** It stands beside the one that has the ports and names, left over by an update that broke off. */
  readonly understudy: boolean
  /** Whether a health check runs in it, its image's own included. */
  readonly checked: boolean
  /** Ports inside that it waits for TCP connections on, but for those on loopback; none when it doesn't run. */
  readonly listens: readonly number[]
  /** Where volumes without a name of their own are mounted, those that its image asks for included. */
  readonly anonymousVolumes: readonly string[]
  /** What is published while it runs. */
  readonly published: readonly { readonly hostIp: string; readonly hostPort: number }[]
}

/** How a container takes another's place. */
export interface Update {
  readonly order: 'start-first' | 'stop-first'
  /** Whether it must become ready, or the old one goes on. */
  readonly verify: boolean
  /** Why the old one must stop first, or what the person should know; empty when nobody asks. */
  readonly why: string
  /** What would make the update seamless, when it isn't. */
  readonly advice?: string
  /** Milliseconds between two containers of a service. */
  readonly delay: number
  /** Milliseconds after the switch during which a failure still brings the old one back. */
  readonly monitor: number
  /** Ports inside that tell that it is ready, where no health check does. */
  readonly ports: readonly number[]
}

/** One thing to do. Steps whose `needs` are done may run at the same time. */
export type Step = Action & {
  readonly id: string
  /** Ids of the steps that must succeed first. */
  readonly needs: readonly string[]
}

export type Action =
  | { readonly kind: 'network.create'; readonly name: string; readonly internal: boolean; readonly labels: Labels }
  | { readonly kind: 'network.remove'; readonly name: string }
  | { readonly kind: 'volume.create'; readonly name: string; readonly labels: Labels }
  | { readonly kind: 'volume.remove'; readonly name: string }
  | { readonly kind: 'image.pull'; readonly reference: string }
  | { readonly kind: 'image.build'; readonly reference: string; readonly build: Build }
  | { readonly kind: 'container.create'; readonly service: string; readonly request: CreateRequest }
  | {
      readonly kind: 'container.recreate'
      readonly service: string
      readonly request: CreateRequest
      /** Id of the container whose place is taken. */
      readonly old: string
      /** When its image is built or pulled in this plan, only then can be told whether it changed. */
      readonly when: 'always' | 'image changed'
      readonly update: Update
    }
  /** Lets the connections of a container that was replaced end, then stops it. */
  | {
      readonly kind: 'container.retire'
      readonly service: string
      /** Of its successor. */
      readonly name: string
      readonly old: string
      readonly ports: readonly number[]
    }
  | { readonly kind: 'container.start'; readonly service: string; readonly name: string }
  | { readonly kind: 'container.remove'; readonly name: string; readonly container: string; readonly volumes: boolean }
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
      return `Network ${step.name}`
    case 'volume.create':
    case 'volume.remove':
      return `Volume ${step.name}`
    case 'image.pull':
    case 'image.build':
      return `Image ${step.reference}`
    case 'container.create':
    case 'container.recreate':
      return `Container ${step.request.name}`
    case 'container.start':
    case 'container.retire':
    case 'container.remove':
    case 'dependency.wait':
      return `Container ${step.name}`
  }
}
