import type { Digest } from '#base/digest.ts'

/** `Config` of the Engine API (ContainerConfig), the parts that Galley reads. Unknown fields are kept as given. */
export interface ContainerConfig {
  Hostname: string
  Domainname: string
  User: string
  AttachStdin: boolean
  AttachStdout: boolean
  AttachStderr: boolean
  ExposedPorts: Record<string, object>
  Tty: boolean
  OpenStdin: boolean
  StdinOnce: boolean
  Env: string[]
  Cmd: string[] | null
  Entrypoint: string[] | null
  Image: string
  Labels: Record<string, string>
  Volumes: Record<string, object>
  WorkingDir: string
  StopSignal?: string
  StopTimeout?: number
  Healthcheck?: Healthcheck
}

/** `HealthConfig` of the Engine API; times in nanoseconds, 0 for the default. */
export interface Healthcheck {
  /** Empty for the image's, `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", line]`. */
  Test?: string[]
  Interval?: number
  Timeout?: number
  StartPeriod?: number
  StartInterval?: number
  Retries?: number
}

export interface PortBinding {
  HostIp: string
  HostPort: string
}

export interface RestartPolicy {
  Name: '' | 'no' | 'always' | 'unless-stopped' | 'on-failure'
  MaximumRetryCount: number
}

/** `HostConfig` of the Engine API, the parts that Galley carries out; `refuse.ts` names what it does not. */
export interface HostConfig {
  Binds: string[]
  Mounts: MountRequest[]
  Tmpfs: Record<string, string>
  PortBindings: Record<string, PortBinding[]>
  PublishAllPorts: boolean
  NetworkMode: string
  RestartPolicy: RestartPolicy
  AutoRemove: boolean
  Privileged: boolean
  ReadonlyRootfs: boolean
  CapAdd: string[]
  CapDrop: string[]
  SecurityOpt: string[]
  GroupAdd: string[]
  Dns: string[]
  DnsSearch: string[]
  DnsOptions: string[]
  ExtraHosts: string[]
  Ulimits: { Name: string; Soft: number; Hard: number }[]
  Sysctls: Record<string, string>
  ShmSize: number
  Memory: number
  MemorySwap: number
  MemoryReservation: number
  NanoCpus: number
  CpuShares: number
  CpuPeriod: number
  CpuQuota: number
  CpusetCpus: string
  CpusetMems: string
  PidsLimit: number
  OomScoreAdj: number
  Init: boolean
  PidMode: string
  IpcMode: string
  UTSMode: string
  LogConfig: { Type: string; Config: Record<string, string> }
}

export interface MountRequest {
  Type: 'bind' | 'volume' | 'tmpfs'
  Source?: string
  Target: string
  ReadOnly?: boolean
}

export type Status = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead'

/** `Health` of the Engine API: what the container's check has found lately. */
export interface Health {
  status: 'starting' | 'healthy' | 'unhealthy'
  failingStreak: number
  /** The last five, oldest first. */
  log: Probe[]
}

/** One run of the check. Times in milliseconds since the epoch. */
export interface Probe {
  readonly start: number
  readonly end: number
  readonly exitCode: number
  readonly output: string
}

export interface State {
  status: Status
  pid: number
  exitCode: number
  error: string
  oomKilled: boolean
  /** Milliseconds since the epoch; 0 for never. */
  startedAt: number
  finishedAt: number
  /** A person stopped it: the restart policy rests until a person starts it. */
  stoppedByHand: boolean
  /** Only of a container with a check that was started. */
  health?: Health
}

/** All that is kept of a container, under `/containers/<id>`. */
export interface Container {
  readonly id: string
  name: string
  readonly created: number
  readonly image: Digest
  readonly config: ContainerConfig
  hostConfig: HostConfig
  readonly path: string
  readonly args: readonly string[]
  restartCount: number
  state: State
  mounts: MountPoint[]
  /** Wishes by network name, from creation. */
  readonly endpoints: Readonly<Record<string, EndpointWishes>>
  /** Its endpoints while it runs. */
  addresses: Endpoint[]
  /** What is published while it runs. */
  ports: PublishedPort[]
}

/** `EndpointSettings` of a creation request. */
export interface EndpointWishes {
  readonly Aliases?: readonly string[] | null
  readonly IPAMConfig?: { readonly IPv4Address?: string } | null
  readonly MacAddress?: string
}

export interface PublishedPort {
  readonly hostIp: string
  /** 0 for one that the engine chooses. */
  readonly hostPort: number
  readonly containerPort: number
  readonly protocol: 'tcp' | 'udp'
}

/** A mount as it was resolved at creation. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs'
  readonly name?: string
  readonly source: string
  readonly destination: string
  readonly readOnly: boolean
  readonly options?: string
}

/** A container's place on a network. */
export interface Endpoint {
  readonly networkId: string
  readonly networkName: string
  readonly endpointId: string
  readonly ipAddress: string
  readonly prefixLength: number
  readonly gateway: string
  readonly macAddress: string
}
