import type { Listener } from '#host/netns/listener.ts'
import type { ContainerView } from '#compose/apply/world.ts'
import type { Project, Service } from '#compose/model/model.ts'
import type { Ground } from './ground.ts'
import type { WayGone } from './ladder/ways.ts'

/** What was seen of a project that did not come up; rules look at nothing else. */
export interface Facts {
  readonly project: Project
  readonly services: readonly ServiceFacts[]
  /** Steps that failed before anything could run. */
  readonly failures: readonly Failure[]
  /** What a service's program finds in this image, its own when not given; undefined where it isn't here. */
  groundOf(service: Service, image?: string): Ground | undefined
  /** The names of all images that are here. */
  imageNames(): readonly string[]
  /** The container that has an address of a network now. */
  holderOf(address: string): string | undefined
}

export interface ServiceFacts {
  readonly service: Service
  readonly container: string
  /** What its container was made from; undefined for one that is gone. */
  readonly image: string | undefined
  readonly state: 'waiting' | 'up' | 'completed' | 'failed'
  /** How the service failed, in a few words. */
  readonly text: string
  readonly exitCode: number
  readonly oomKilled: boolean
  /** The most bytes that it had used when it ran out of memory, where that is known. */
  readonly memoryPeak: number | undefined
  /** Bytes; 0 for none of its own. */
  readonly memoryLimit: number
  /** Galley killed its last run: so many seconds after the stop signal, or because it was asked to. */
  readonly forced: ContainerView['forced']
  readonly ends: number
  /** Who listened inside when it last ran; undefined when it was never seen running. */
  readonly listeners: readonly Listener[] | undefined
  /** Last lines of its log, oldest first. */
  readonly log: readonly string[]
  /** The ways to databases that it is told to use, where they were gone. */
  readonly ways: readonly WayGone[]
  readonly health: { readonly exitCode: number; readonly output: string } | undefined
}

export interface Failure {
  readonly service: Service | undefined
  /** Such as `container.start`. */
  readonly step: string
  /** Such as `Container spring-app`. */
  readonly subject: string
  /** The error's stable word, where it has one. */
  readonly code: string | undefined
  readonly message: string
  /** What programs that the step ran printed last, oldest first. */
  readonly printed: readonly string[]
  readonly advice: string | undefined
  /** Of a build: the line of the Dockerfile. */
  readonly line?: { readonly number: number; readonly text: string }
  /** Of a version that was taken back: why, what it said last, and what differs from the one that goes on. */
  readonly rolledBack?: { readonly why: string; readonly lastWords: readonly string[]; readonly differences: readonly string[] }
}

/** The services that failed while they ran. */
export function failedServices({ services }: Pick<Facts, 'services'>): ServiceFacts[] {
  return services.filter(({ state }) => state === 'failed')
}

/** Those, and others of which somebody wanted to know whether they reach what they need. */
export function doubtedServices({ services }: Pick<Facts, 'services'>): ServiceFacts[] {
  return services.filter(({ state, ways }) => state === 'failed' || ways.length > 0)
}
