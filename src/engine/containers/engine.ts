import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import type { Log } from '#base/log.ts'
import type { Trash } from '#host/files/trash.ts'
import type { OciRuntime } from '#host/oci-runtime/runtimes.ts'
import type { SeccompFilters } from '#host/oci-runtime/seccomp-filters.ts'
import type { EventBus } from '#engine/events/bus.ts'
import type { Network, Resolving } from '#engine/networks/model.ts'
import type { ContainerIndex } from './container-index.ts'
import type { Execs } from './execs.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { Endpoint, PublishedPort } from './model.ts'
import type { Restarts } from './restarts.ts'

/** What the verbs of this room work with; `daemon/wire-up.ts` makes it once. */
export interface Engine {
  readonly clock: Clock
  readonly log: Log
  readonly events: EventBus
  readonly containers: ContainerIndex
  readonly execs: Execs
  readonly keeper: KeeperClient
  readonly restarts: Restarts
  readonly images: ImageSource
  readonly networks: NetworkSource
  readonly volumes: VolumeSource
  readonly runtimes: Runtimes
  readonly filters: SeccompFilters
  readonly trash: Trash
  /** Lasting and volatile directory of this instance. */
  readonly data: string
  readonly run: string
  /** Directories of files that declare devices for containers (CDI); later ones hide earlier ones. */
  readonly deviceSpecifications: readonly string[]
  /** cgroup below which every container of this instance lives, such as `/galley`. */
  readonly cgroup: string
}

/** The OCI runtimes that containers can ask for by name. */
export interface Runtimes {
  readonly all: readonly OciRuntime[]
  /** Name of the one that a container gets when it doesn't ask. */
  readonly usual: string
}

/** An image as a container needs it. */
export interface RunnableImage {
  readonly id: Digest
  /** The `config` section of the OCI image configuration. */
  readonly config: { readonly [field: string]: unknown }
  /** What it is made for: operating system, architecture and variant, as `linux/arm64/v8`; undefined when that doesn't matter. */
  readonly platform?: string
  /** Directories of its layers, lowest first. */
  readonly layers: readonly string[]
  /** What the process's environment has besides, and no record: the secrets of a build's step. */
  readonly secretEnv?: readonly string[]
}

export interface ImageSource {
  /** Throws `not found` as Docker words it. */
  resolve(reference: string): RunnableImage
  /** Bytes of all its layers, unpacked. */
  size(id: Digest): number
  /** Whether an image is another one, or was made from it. */
  isFrom(id: Digest, reference: string): boolean
}

export interface NetworkSource {
  /** By id, name, or unique prefix of an id. */
  find(reference: string): Network | undefined
  createSandbox(container: string, resolving: Resolving): Promise<string>
  destroySandbox(container: string): Promise<void>
  connect(
    container: string,
    network: string,
    wishes: { readonly ipv4?: string; readonly names?: readonly string[]; readonly macAddress?: string },
  ): Promise<Endpoint>
  disconnect(container: string, network: string): Promise<void>
  publish(container: string, address: string, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]>
  unpublish(container: string): Promise<void>
  /** `next` takes over what `old` publishes. */
  handOver(
    old: string,
    next: string,
    how: { readonly address: string; readonly wanted: readonly PublishedPort[] },
  ): Promise<readonly PublishedPort[]>
  /** What a container holds already when the daemon starts. */
  restore(container: string, held: { readonly endpoints: readonly Endpoint[]; readonly ports: readonly PublishedPort[] } & Resolving): void
  /** After the last `restore`, and for a new keeper. */
  resume(): Promise<void>
  /** A container has other names now. */
  rename(container: string, namesOn: (network: string) => readonly string[]): readonly Endpoint[]
}

export interface VolumeSource {
  /** Makes the volume when it doesn't exist. */
  ensure(
    name: string,
    wishes: {
      /** Nobody chose the name. */
      readonly anonymous: boolean
      readonly driver: string
      readonly labels: Readonly<Record<string, string>>
      readonly options: Readonly<Record<string, string>>
    },
  ): Promise<{ readonly name: string; readonly path: string; readonly readOnly: boolean }>
  /** Brings what the volume's options say to its directory, for a container. Throws `unavailable`. */
  mount(name: string, container: string): Promise<void>
  /** The container has it mounted since before the daemon started. */
  hold(name: string, container: string): void
  /** Takes it away again, unless another container has it mounted, or is about to. */
  unmount(name: string, container: string): void
  remove(name: string): Promise<void>
}
