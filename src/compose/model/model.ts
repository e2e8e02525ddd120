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
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, NetworkDeclaration>>
  readonly volumes: Readonly<Record<string, VolumeDeclaration>>
  /** What the person should know although it stops nothing. */
  readonly warnings: readonly string[]
}

/** compose-spec, 05-services: the attributes that Galley carries out. */
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
}

/** Attributes that are the Engine API's own under another name: fields of its Config and HostConfig. */
export interface ContainerOptions {
  readonly config: Readonly<Record<string, unknown>>
  readonly hostConfig: Readonly<Record<string, unknown>>
}

export interface Build {
  /** Absolute directory. */
  readonly context: string
  /** Relative to the context, or absolute. */
  readonly dockerfile: string
  readonly args: Readonly<Record<string, string>>
  readonly target?: string
}

export interface PortMapping {
  readonly target: number
  /** Absent for one that the engine chooses. */
  readonly published?: number
  readonly hostIp: string
  readonly protocol: 'tcp' | 'udp'
  readonly at: Position
}

export interface Mount {
  readonly type: 'volume' | 'bind' | 'tmpfs'
  /** Absolute path for a bind, key under `volumes` for a volume, empty for an anonymous volume. */
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
  /** Whether a bind's missing source is made as a directory. */
  readonly createSource: boolean
  readonly at: Position
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
}

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully'

export interface Dependency {
  readonly condition: Condition
  /** When false, a dependency that fails is only warned of. */
  readonly required: boolean
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
}

export interface VolumeDeclaration {
  readonly name: string
  readonly external: boolean
  readonly labels: Readonly<Record<string, string>>
}
