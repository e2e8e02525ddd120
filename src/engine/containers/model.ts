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
  /** It has no network but its own loopback, whatever its network mode; of the host's or another container's it means nothing. */
  NetworkDisabled?: boolean
  StopSignal?: string
  StopTimeout?: number
  Healthcheck?: Healthcheck
  /** What runs the shell form of commands; Docker's `/bin/sh -c` when it is missing. */
  Shell?: string[]
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
  /** null when nobody gave any, as Docker shows it. */
  Ulimits: { Name: string; Soft: number; Hard: number }[] | null
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
  CpuRealtimePeriod: number
  CpuRealtimeRuntime: number
  BlkioWeight: number
  BlkioWeightDevice: { Path: string; Weight: number }[]
  BlkioDeviceReadBps: DeviceRate[]
  BlkioDeviceWriteBps: DeviceRate[]
  BlkioDeviceReadIOps: DeviceRate[]
  BlkioDeviceWriteIOps: DeviceRate[]
  /** `null` leaves the kernel's own setting, as does -1. */
  MemorySwappiness: number | null
  OomKillDisable: boolean | null
  OomScoreAdj: number
  CgroupParent: string
  CgroupnsMode: string
  Devices: DeviceMapping[]
  DeviceCgroupRules: string[]
  /** Devices that the machine's specifications declare (driver `cdi`), as others are refused; absent in records of earlier versions. */
  DeviceRequests?: { Driver?: string; DeviceIDs?: string[] | null }[]
  VolumesFrom: string[]
  VolumeDriver: string
  Links: string[]
  Runtime: string
  Annotations: Record<string, string>
  /** `null` for Docker's default ones; `--security-opt systempaths=unconfined` empties both. */
  MaskedPaths: string[] | null
  ReadonlyPaths: string[] | null
  /** Height and width in characters of the terminal at its start. */
  ConsoleSize?: number[]
  Init: boolean
  PidMode: string
  IpcMode: string
  UTSMode: string
  LogConfig: { Type: string; Config: Record<string, string> }
}

/** A limit of one block device, in bytes or operations per second. */
export interface DeviceRate {
  Path: string
  Rate: number
}

export interface DeviceMapping {
  PathOnHost: string
  PathInContainer: string
  CgroupPermissions: string
}

export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave'

/** `Mount` of the Engine API. */
export interface MountRequest {
  Type: 'bind' | 'volume' | 'tmpfs' | 'image'
  Source?: string
  Target: string
  ReadOnly?: boolean
  BindOptions?: {
    Propagation?: Propagation | ''
    NonRecursive?: boolean
    CreateMountpoint?: boolean
    ReadOnlyNonRecursive?: boolean
    ReadOnlyForceRecursive?: boolean
  }
  VolumeOptions?: {
    NoCopy?: boolean
    Labels?: Record<string, string>
    DriverConfig?: { Name?: string; Options?: Record<string, string> }
    Subpath?: string
  }
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] }
  ImageOptions?: { Subpath?: string }
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
  /** The most bytes that it had used when it ran out of memory, where that is known. */
  memoryPeak?: number | undefined
  /** Milliseconds since the epoch; 0 for never. */
  startedAt: number
  finishedAt: number
  /** A person stopped it: the restart policy rests until a person starts it. */
  stoppedByHand: boolean
  /** Galley sent SIGKILL to its last run: so many seconds after the stop signal, or because it was asked to. */
  forced?: { readonly by: 'stop'; readonly after: number } | { readonly by: 'kill' } | undefined
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
  /** Rows and columns that a client asked for before the first start, in the place of `ConsoleSize`. */
  terminalSize?: readonly [rows: number, columns: number]
  restartCount: number
  state: State
  mounts: MountPoint[]
  /** The networks that it is for, by name, and what it wishes there; from creation, `connect` and `disconnect`. */
  endpoints: Readonly<Record<string, EndpointWishes>>
  /** Its endpoints while it runs. */
  addresses: Endpoint[]
  /** What is published while it runs. */
  ports: PublishedPort[]
  /**
   * It stands beside another container that has the ports and the names of both: as the next one before `handOver`, as the last one
   * after it.
   */
  understudy?: boolean
}

/** `EndpointSettings` of a creation request. */
export interface EndpointWishes {
  readonly Aliases?: readonly string[] | null
  /** `name[:alias]`: what this container alone calls others on the network. */
  readonly Links?: readonly string[] | null
  readonly IPAMConfig?: {
    readonly IPv4Address?: string
    readonly IPv6Address?: string
    /** Addresses that its interface has besides. */
    readonly LinkLocalIPs?: readonly string[] | null
  } | null
  readonly MacAddress?: string
  readonly DriverOpts?: Readonly<Record<string, string>> | null
  /** Of its networks the one with the highest leads outside. */
  readonly GwPriority?: number
}

export interface PublishedPort {
  /** Empty in a wish for every address of the host. */
  readonly hostIp: string
  /** 0 in a wish for any one, and where the port is reached by the container's own address, on a network that is routed. */
  readonly hostPort: number
  /** In a wish for any one from `hostPort` to this. */
  readonly hostPortEnd?: number
  readonly containerPort: number
  readonly protocol: 'tcp' | 'udp'
}

/** A mount as it was resolved at creation. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image'
  readonly name?: string
  readonly source: string
  readonly destination: string
  readonly readOnly: boolean
  /** As inspection shows it, such as `ro,Z`; absent in records of earlier versions. */
  readonly mode?: string
  /** Of a tmpfs: its mount options, separated by commas. */
  readonly options?: string
  /** Of a bind; `rprivate` when not given. */
  readonly propagation?: Propagation
  /** Of a bind: what is mounted below the source is left out. */
  readonly nonRecursive?: boolean
  /** Of a read-only bind: what is mounted below the source stays as it is, instead of being read-only as well. */
  readonly writableBelow?: boolean
  /** Of a volume: it does not start with what the image holds there. */
  readonly noCopy?: boolean
  /** Of a volume or an image: the part of it that is mounted. */
  readonly subpath?: string
}

/** A container's place on a network. */
export interface Endpoint {
  readonly networkId: string
  readonly networkName: string
  readonly endpointId: string
  readonly ipAddress: string
  readonly prefixLength: number
  /** Empty on a network that doesn't lead outside. */
  readonly gateway: string
  /** Present on a network that has IPv6. */
  readonly ipv6?: { readonly address: string; readonly prefixLength: number; readonly gateway: string }
  readonly macAddress: string
  /** Names that others on the network find it by. */
  readonly names: readonly string[]
  /** What this container alone calls others on the network: their names, by alias. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>
  /** Of endpoints that lead outside, the highest one does; 0 when absent. */
  readonly gatewayPriority?: number
}
