/** Where something stands in a file of the caller's; lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A Compose project as it is declared: loaded, interpolated, merged and checked. Plain data, which travels as JSON. */
export interface Project {
  readonly name: string
  /** Directory that relative paths start from, absolute. */
  readonly directory: string
  /** Files that it was read from, absolute. */
  readonly files: readonly string[]
  /** Between the parts of names that no file says, instead of a hyphen: as Compose's first version had it. */
  readonly separator?: '-' | '_'
  readonly services: Readonly<Record<string, Service>>
  /** Services that are left out of a command, to whose containers those of others may be bound. */
  readonly beside?: Readonly<Record<string, Pick<Service, 'name' | 'containerName'>>>
  /** Services that are left out, but whose images the builds of others start from. */
  readonly below?: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, NetworkDeclaration>>
  readonly volumes: Readonly<Record<string, VolumeDeclaration>>
  readonly secrets?: Readonly<Record<string, FileObject>>
  readonly configs?: Readonly<Record<string, FileObject>>
  /** Services that no active profile enables: their containers are no orphans. */
  readonly disabled?: readonly string[]
  /** Every key that the files use, for whoever must refuse what it doesn't carry out. */
  readonly written?: readonly WrittenKey[]
  /** What the person should know although it stops nothing. */
  readonly warnings: readonly string[]
}

/** A key of the specification that a file uses. */
export interface WrittenKey {
  /** Names that people choose as `*`, list items left out: `services.*.deploy.replicas`, `services.*.ports.published`. */
  readonly key: string
  /** The same with the names: `services.web.deploy.replicas`. */
  readonly path: string
  readonly at: Position
}

/** compose-spec, 05-services. */
export interface Service {
  readonly name: string
  readonly at: Position
  /** Reference that the container is made from; what is built gets it as its tag. */
  readonly image: string
  readonly build?: Build
  readonly containerName?: string
  readonly ports: readonly PortMapping[]
  /** `port` or `port/protocol`. */
  readonly expose: readonly string[]
  readonly mounts: readonly Mount[]
  readonly environment: Readonly<Record<string, Setting>>
  /** Variables of the image that it does not have. */
  readonly unset?: readonly string[]
  readonly networks: Readonly<Record<string, Attachment>>
  readonly restart: { readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure'; readonly maximumRetryCount: number }
  readonly dependsOn: Readonly<Record<string, Dependency>>
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly healthcheck?: Healthcheck
  readonly labels: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly user?: string
  readonly hostname?: string
  /** Seconds. */
  readonly stopGracePeriod?: number
  readonly options: ContainerOptions
  /** As `docker compose config --hash` tells it: the same while the container need not be made anew. */
  readonly configHash?: string
  /** What that is the hash of, until it is taken. */
  readonly hashed?: string
  /** How many containers it wants: `scale`, else `deploy.replicas`; 1 when absent. */
  readonly replicas?: number
  readonly profiles?: readonly string[]
  readonly deploy?: Deploy
  readonly pullPolicy?: PullPolicy
  readonly platform?: string
  readonly secrets?: readonly FileMount[]
  readonly configs?: readonly FileMount[]
  /** In the order in which they run. */
  readonly preStart?: readonly Hook[]
  readonly postStart?: readonly Hook[]
  readonly preStop?: readonly Hook[]
  readonly watch?: readonly WatchRule[]
  /** `SERVICE` or `SERVICE:ALIAS`. */
  readonly links?: readonly string[]
  /** `CONTAINER` or `CONTAINER:ALIAS`, of other projects. */
  readonly externalLinks?: readonly string[]
  /** `SERVICE[:MODE]` or `container:NAME[:MODE]`. */
  readonly volumesFrom?: readonly string[]
  /** Whether an attached `up` shows its output; true when absent. */
  readonly attach?: boolean
}

/** compose-spec, deploy: what one machine can carry out. Times in nanoseconds. */
export interface Deploy {
  readonly mode?: string
  readonly endpointMode?: string
  readonly replicas?: number
  /** On the service, not on its containers. */
  readonly labels: Readonly<Record<string, string>>
  readonly limits?: Resources
  readonly reservations?: Resources
  readonly restartPolicy?: {
    readonly condition?: 'none' | 'on-failure' | 'any' | 'no' | 'always' | 'unless-stopped'
    readonly delay?: number
    readonly maxAttempts?: number
    readonly window?: number
  }
  readonly updateConfig?: UpdateConfig
  readonly rollbackConfig?: UpdateConfig
  readonly placement?: {
    readonly constraints: readonly string[]
    readonly spread: readonly string[]
    readonly maxReplicasPerNode?: number
  }
}

export interface Resources {
  readonly nanoCpus?: number
  /** Bytes. */
  readonly memory?: number
  readonly pids?: number
}

export interface UpdateConfig {
  /** How many containers at a time; 0 for all of them. */
  readonly parallelism?: number
  readonly delay?: number
  readonly failureAction?: 'continue' | 'rollback' | 'pause'
  readonly monitor?: number
  readonly maxFailureRatio?: number
  readonly order?: 'start-first' | 'stop-first'
}

export type PullPolicy =
  | { readonly when: 'always' | 'never' | 'missing' | 'build' }
  /** When the image that is here was pulled longer ago than so many nanoseconds. */
  | { readonly when: 'older'; readonly than: number }

/** A secret or config as the project declares it. Its content is the caller's: it is read where the project is loaded. */
export interface FileObject {
  /** Name in the engine. */
  readonly name: string
  readonly at: Position
  readonly source:
    | { readonly from: 'file'; readonly path: string }
    | { readonly from: 'environment'; readonly variable: string; readonly value?: string }
    | { readonly from: 'content'; readonly content: string }
    | { readonly from: 'external' }
  readonly labels: Readonly<Record<string, string>>
}

/** A secret or config that a service, or its build, gets as a file. */
export interface FileMount {
  /** Key under `secrets` or `configs`. */
  readonly source: string
  /** As written; by default `/run/secrets/SOURCE` for a secret, `/SOURCE` for a config. A relative one is below `/run/secrets`, for a secret. */
  readonly target: string
  readonly uid?: string
  readonly gid?: string
  readonly mode?: number
  readonly at: Position
}

/** A command that runs at a moment of a container's life: inside it, or before it with its own image. */
export interface Hook {
  readonly command: readonly string[]
  readonly user?: string
  readonly privileged?: boolean
  readonly workingDir?: string
  readonly environment: Readonly<Record<string, string>>
  /** Of `pre_start` only: the image that it runs in, the service's own when absent. */
  readonly image?: string
  /** Of `pre_start` only: whether it runs for each container; once for all of the service's when absent. */
  readonly perReplica?: boolean
  readonly at: Position
}

/** A hook wherever it was written. */
export type BareHook = Omit<Hook, 'at'>

/** The moments of a container's life at which a hook runs in it. */
export type HookMoment = 'post_start' | 'pre_stop'

/** A service's hooks by moment. */
export type LifeHooks = Readonly<Record<HookMoment, readonly BareHook[]>>

/** Of services that have any. */
export type HooksByService = Readonly<Record<string, LifeHooks>>

/** compose-spec, develop.watch: what happens when files below `path` change. */
export interface WatchRule {
  /** Absolute. */
  readonly path: string
  readonly action: 'rebuild' | 'sync' | 'restart' | 'sync+restart' | 'sync+exec'
  readonly target?: string
  readonly ignore: readonly string[]
  readonly include: readonly string[]
  readonly initialSync: boolean
  /** `x-initialSync` says so. */
  readonly usesFormerSync?: true
  readonly exec?: Hook
  readonly at: Position
}

/** Attributes that are the Engine API's own under another name: fields of its Config and HostConfig. */
export interface ContainerOptions {
  readonly config: Readonly<Record<string, unknown>>
  readonly hostConfig: Readonly<Record<string, unknown>>
}

export interface Build {
  /** Absolute directory, or the address of a remote one. */
  readonly context: string
  /** Relative to the context, or absolute. */
  readonly dockerfile: string
  readonly args: Readonly<Record<string, string>>
  readonly target?: string
  /** The Dockerfile's text, instead of a file. */
  readonly dockerfileInline?: string
  /** By name: an absolute directory, `service:NAME`, or an address such as `docker-image://…`. */
  readonly additionalContexts?: Readonly<Record<string, string>>
  readonly cacheFrom?: readonly string[]
  readonly cacheTo?: readonly string[]
  readonly noCache?: boolean
  /** Stages that take nothing from the cache. */
  readonly noCacheFilter?: readonly string[]
  readonly pull?: boolean
  readonly platforms?: readonly string[]
  readonly secrets?: readonly FileMount[]
  /** Agent sockets or key files by id; `default` without a path is the caller's agent. */
  readonly ssh?: Readonly<Record<string, string | null>>
  readonly labels?: Readonly<Record<string, string>>
  readonly network?: string
  /** Bytes. */
  readonly shmSize?: number
  readonly tags?: readonly string[]
  readonly ulimits?: readonly Ulimit[]
  /** `HOST:ADDRESS`, as the Engine API has them. */
  readonly extraHosts?: readonly string[]
  readonly privileged?: boolean
  readonly entitlements?: readonly string[]
  readonly provenance?: string
  readonly sbom?: string
}

export interface Ulimit {
  readonly name: string
  readonly soft: number
  readonly hard: number
}

export interface PortMapping {
  readonly target: number
  /** Absent for one that the engine chooses. */
  readonly published?: number
  readonly hostIp: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  /** The last of a range of host ports from which the engine takes a free one; then `published` is the first. */
  readonly publishedLast?: number
  readonly name?: string
  readonly appProtocol?: string
  readonly at: Position
}

export interface Mount {
  readonly type: 'volume' | 'bind' | 'tmpfs' | 'image' | 'npipe' | 'cluster'
  /** Absolute path for a bind, key under `volumes` for a volume, empty for an anonymous volume. */
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
  /** Whether a bind's missing source is made as a directory. */
  readonly createSource: boolean
  readonly at: Position
  readonly propagation?: string
  readonly recursive?: string
  readonly selinux?: string
  /** Whether a new volume stays empty instead of getting the image's files. */
  readonly noCopy?: boolean
  /** Of a volume or an image. */
  readonly subpath?: string
  /** Of an anonymous volume. */
  readonly labels?: Readonly<Record<string, string>>
  /** Of a tmpfs: bytes and mode bits. */
  readonly tmpfsSize?: number
  readonly tmpfsMode?: number
}

/** A variable's value and where it is written, when it is written in a Compose file. */
export interface Setting {
  readonly value: string
  readonly at?: Position
}

/** A service's place on a network. */
export interface Attachment {
  readonly aliases: readonly string[]
  readonly ipv4Address?: string
  readonly ipv6Address?: string
  readonly macAddress?: string
  readonly linkLocalIps?: readonly string[]
  /** The network with the highest is connected first; 0 when absent. */
  readonly priority?: number
  /** The network with the highest gives the default route; 0 when absent. */
  readonly gatewayPriority?: number
  readonly interfaceName?: string
  readonly driverOpts?: Readonly<Record<string, string>>
}

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully'

export interface Dependency {
  readonly condition: Condition
  /** When false, a dependency that fails is only warned of. */
  readonly required: boolean
  /** Whether this service restarts after Compose updated or restarted the other; false when absent. */
  readonly restart?: boolean
}

/** As the Engine API takes it: times in nanoseconds. */
export interface Healthcheck {
  readonly test: readonly string[]
  readonly interval?: number
  readonly timeout?: number
  readonly startPeriod?: number
  readonly startInterval?: number
  readonly retries?: number
}

export interface NetworkDeclaration {
  /** Name in the engine. */
  readonly name: string
  readonly external: boolean
  readonly internal: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly driver?: string
  readonly driverOpts?: Readonly<Record<string, string>>
  readonly attachable?: boolean
  readonly enableIpv4?: boolean
  readonly enableIpv6?: boolean
  readonly ipam?: Ipam
  /** As Docker Compose labels the network with. */
  readonly configHash?: string
  /** What that is the hash of, until it is taken. */
  readonly hashed?: string
}

export interface Ipam {
  readonly driver?: string
  readonly options?: Readonly<Record<string, string>>
  readonly pools: readonly {
    readonly subnet?: string
    readonly ipRange?: string
    readonly gateway?: string
    readonly auxAddresses?: Readonly<Record<string, string>>
  }[]
}

export interface VolumeDeclaration {
  readonly name: string
  readonly external: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly driver?: string
  readonly driverOpts?: Readonly<Record<string, string>>
  readonly configHash?: string
  /** What that is the hash of, until it is taken. */
  readonly hashed?: string
}
