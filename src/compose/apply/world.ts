import type { Clock } from '#base/clock.ts'
import type { CreateRequest } from '#engine/containers/create.ts'
import type { Traffic } from '#engine/networks/meter.ts'
import type { Listener } from '#host/netns/listener.ts'
import type { Amount, Report } from './events.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { NetworkWishes } from '#engine/networks/model.ts'
import type { Build, BareHook, LifeHooks } from '#compose/model/model.ts'
import type { PlacedFile } from '#compose/plan/files.ts'
import type { Observed } from '#compose/plan/step.ts'

/** What a project is carried out on; `daemon/projects/world.ts` puts it on the engine. */
export interface World {
  readonly clock: Clock
  observe(project: string, images: readonly string[]): Promise<Observed>
  readonly networks: {
    create(network: NetworkWishes): Promise<unknown>
    remove(name: string): Promise<unknown>
  }
  readonly volumes: {
    create(volume: {
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly options: Readonly<Record<string, string>>
    }): Promise<unknown>
    remove(name: string): Promise<unknown>
  }
  readonly images: {
    /** Id of an image that is here. */
    find(reference: string): string | undefined
    pull(reference: string, told: Told, access: Access): Promise<void>
    /** Throws what `pull` would for an image that can't be had, and brings none. */
    checkPull(reference: string, access: Access): Promise<void>
    build(wanted: WantedImage, told: Told, access: Access): Promise<void>
    /** Nothing happens when it isn't here. Throws `conflict` for one that a container is made from. */
    remove(reference: string): Promise<void>
  }
  readonly containers: {
    create(request: CreateRequest): Promise<{ readonly id: string }>
    /** Puts files into one that has not been started. Throws `forbidden` where its file system can't be written. */
    place(reference: string, files: readonly PlacedFile[]): Promise<void>
    /** Runs a command in a running one; resolves with its exit code and the beginning of its output. */
    exec(reference: string, hook: BareHook): Promise<{ readonly exitCode: number; readonly output: string }>
    /** Throws `unchanged` for one that doesn't run. */
    restart(reference: string): Promise<void>
    /** `next`, an understudy, takes over the ports and names of `old`. Throws `conflict`. */
    handOver(old: string, next: string): Promise<void>
    /** Throws `unchanged` when it runs. */
    start(reference: string): Promise<void>
    /** Nobody finds it by its service's names any more. */
    withdraw(reference: string): Promise<void>
    /** With the container's own grace period, or `timeout` seconds; nothing happens to one that doesn't run. */
    stop(reference: string, timeout?: number): Promise<void>
    remove(reference: string, wishes: { readonly volumes: boolean }): Promise<void>
    rename(reference: string, name: string): Promise<void>
    /** In one step: whoever looks, and whatever dies in between, one of them has each name. */
    exchangeNames(one: string, other: string): Promise<void>
    find(reference: string): ContainerView | undefined
    /** Who waits for TCP connections inside; undefined when it doesn't run. */
    listeners(reference: string): readonly Listener[] | undefined
    /** How many TCP connections from outside its ports have; 0 when it doesn't run. */
    connections(reference: string, ports: readonly number[]): number
    /** Counts what comes to its ports from outside. Throws where that can't be counted. */
    meter(reference: string, ports: readonly number[]): Meter
    /** The last `count` lines that it wrote. */
    logTail(reference: string, count: number): Promise<readonly string[]>
    /** Calls back after anything happened to a container. */
    changed(listener: (change: { readonly container: string; readonly action: string }) => void): Disposable
  }
}

/** Counts connections of one container, also those that broke when it ended, until it is disposed. */
export interface Meter extends Disposable {
  read(): Traffic
}

/** What a command about a project works with. */
export interface Session extends Access {
  readonly world: World
  readonly report: Report
  /** Whether what would happen is told, and nothing is done (`--dry-run`). */
  readonly rehearses?: boolean
  /** Seconds that a container may take to stop, instead of its own time. */
  readonly stopTimeout?: number
  /** How many steps go on at once; any number when absent. */
  readonly parallel?: number
}

/** Whose a transfer is, and how it is ended. */
export interface Access {
  readonly signal: AbortSignal
  /** How the caller is known to a registry, by its domain. */
  readonly credentials?: (domain: string) => Credentials | undefined
}

/** An image to be built. */
export interface WantedImage {
  readonly reference: string
  readonly build: Build
  /** Its secrets by id. */
  readonly files: Readonly<Record<string, Pick<PlacedFile, 'from' | 'content'>>>
  /** What the images of other services are called, by service. */
  readonly imageOf: (service: string) => string | undefined
  /** Where relative paths begin. */
  readonly directory: string
}

/** How a long step tells what it does, and what the person should know. */
export interface Told {
  progress(text: string, amount?: Amount): void
  /** A line that a program printed. */
  output(line: string): void
  warning(text: string): void
}

/** A container as the waiting and the explaining see it. */
export interface ContainerView {
  readonly id: string
  readonly name: string
  /** Undefined for one that is no service's. */
  readonly service: string | undefined
  readonly image: string
  /** Ids of the images whose files it mounts, by where. */
  readonly mountedImages: Readonly<Record<string, string>>
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead'
  readonly pid: number
  readonly exitCode: number
  readonly error: string
  readonly oomKilled: boolean
  /** The most bytes that it had used when it ran out of memory, where that is known. */
  readonly memoryPeak: number | undefined
  /** Bytes; 0 for none of its own. */
  readonly memoryLimit: number
  /** Somebody asked it to stop. */
  readonly stoppedByHand: boolean
  /** Galley killed its last run: so many seconds after the stop signal, or because it was asked to. */
  readonly forced: { readonly by: 'stop'; readonly after: number } | { readonly by: 'kill' } | undefined
  /** How often its restart policy started it again. */
  readonly restartCount: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly health: HealthView | undefined
  readonly restartPolicy: string
  /** It stands beside the one that has the ports and names. */
  readonly understudy: boolean
  /** Those that it was made with; undefined when another tool made it. */
  readonly hooks: LifeHooks | undefined
  /** Seconds that it may take to stop. */
  readonly stopGracePeriod: number
  /** Where the host reaches it; undefined on networks without a way outside, and when it doesn't run. */
  readonly address: string | undefined
  /** Anonymous volumes, which a container that takes this one's place goes on with. */
  readonly anonymousVolumes: readonly { readonly name: string; readonly target: string }[]
  readonly ports: readonly {
    readonly hostIp: string
    readonly hostPort: number
    readonly containerPort: number
    readonly protocol: 'tcp' | 'udp'
  }[]
}

export interface HealthView {
  readonly status: 'starting' | 'healthy' | 'unhealthy'
  /** Exit code and output of the last probe. */
  readonly last: { readonly exitCode: number; readonly output: string } | undefined
}
