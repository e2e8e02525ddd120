import { fields, list, map, whole, type Fields, type Type } from './typed-body.ts'

const texts = list('string')
const set = map('any')
const rates = list(whole({ Path: 'string', Rate: 'integer' }))

/** Limits that both a creation and an update carry (Engine API, Resources). */
const resources: Fields = {
  CpuShares: 'integer',
  Memory: 'integer',
  CgroupParent: 'string',
  BlkioWeight: 'integer',
  BlkioWeightDevice: list(whole({ Path: 'string', Weight: 'integer' })),
  BlkioDeviceReadBps: rates,
  BlkioDeviceWriteBps: rates,
  BlkioDeviceReadIOps: rates,
  BlkioDeviceWriteIOps: rates,
  CpuPeriod: 'integer',
  CpuQuota: 'integer',
  CpuRealtimePeriod: 'integer',
  CpuRealtimeRuntime: 'integer',
  CpusetCpus: 'string',
  CpusetMems: 'string',
  Devices: list(whole({ PathOnHost: 'string', PathInContainer: 'string', CgroupPermissions: 'string' })),
  DeviceCgroupRules: texts,
  DeviceRequests: list(fields({ Driver: 'string', Count: 'integer', DeviceIDs: texts, Capabilities: list(texts), Options: map('string') })),
  KernelMemory: 'integer',
  KernelMemoryTCP: 'integer',
  MemoryReservation: 'integer',
  MemorySwap: 'integer',
  MemorySwappiness: 'integer',
  NanoCpus: 'integer',
  OomKillDisable: 'boolean',
  Init: 'boolean',
  PidsLimit: 'integer',
  Ulimits: list(whole({ Name: 'string', Soft: 'integer', Hard: 'integer' })),
}

const restartPolicy = whole({ Name: 'string', MaximumRetryCount: 'integer' })

const mount = fields({
  Type: 'string',
  Source: 'string',
  Target: 'string',
  ReadOnly: 'boolean',
  Consistency: 'string',
  BindOptions: fields({
    Propagation: 'string',
    NonRecursive: 'boolean',
    CreateMountpoint: 'boolean',
    ReadOnlyNonRecursive: 'boolean',
    ReadOnlyForceRecursive: 'boolean',
  }),
  VolumeOptions: fields({
    NoCopy: 'boolean',
    Labels: map('string'),
    DriverConfig: fields({ Name: 'string', Options: map('string') }),
    Subpath: 'string',
  }),
  ImageOptions: fields({ Subpath: 'string' }),
  TmpfsOptions: fields({ SizeBytes: 'integer', Mode: 'integer', Options: list(texts) }),
})

const hostConfig = fields({
  ...resources,
  Binds: texts,
  ContainerIDFile: 'string',
  LogConfig: whole({ Type: 'string', Config: map('string') }),
  NetworkMode: 'string',
  PortBindings: map(list(whole({ HostIp: 'string', HostPort: 'string' }))),
  RestartPolicy: restartPolicy,
  AutoRemove: 'boolean',
  VolumeDriver: 'string',
  VolumesFrom: texts,
  Mounts: list(mount),
  ConsoleSize: list('integer'),
  Annotations: map('string'),
  CapAdd: texts,
  CapDrop: texts,
  CgroupnsMode: 'string',
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: 'string',
  Links: texts,
  OomScoreAdj: 'integer',
  PidMode: 'string',
  Privileged: 'boolean',
  PublishAllPorts: 'boolean',
  ReadonlyRootfs: 'boolean',
  SecurityOpt: texts,
  StorageOpt: map('string'),
  Tmpfs: map('string'),
  UTSMode: 'string',
  UsernsMode: 'string',
  ShmSize: 'integer',
  Sysctls: map('string'),
  Runtime: 'string',
  Isolation: 'string',
  MaskedPaths: texts,
  ReadonlyPaths: texts,
})

const endpointSettings: Type = fields({
  Aliases: texts,
  Links: texts,
  MacAddress: 'string',
  GwPriority: 'integer',
  DriverOpts: map('string'),
  IPAMConfig: fields({ IPv4Address: 'string', IPv6Address: 'string', LinkLocalIPs: texts }),
})

/** `POST /networks/{id}/connect`. */
export const connectBody: Type = fields({ Container: 'string', EndpointConfig: endpointSettings })

/** A ContainerConfig (Engine API 1.51). */
const config: Fields = {
  Hostname: 'string',
  Domainname: 'string',
  User: 'string',
  AttachStdin: 'boolean',
  AttachStdout: 'boolean',
  AttachStderr: 'boolean',
  ExposedPorts: set,
  Tty: 'boolean',
  OpenStdin: 'boolean',
  StdinOnce: 'boolean',
  Env: texts,
  Cmd: 'words',
  Entrypoint: 'words',
  Healthcheck: fields({
    Test: texts,
    Interval: 'integer',
    Timeout: 'integer',
    Retries: 'integer',
    StartPeriod: 'integer',
    StartInterval: 'integer',
  }),
  Image: 'string',
  Volumes: set,
  WorkingDir: 'string',
  NetworkDisabled: 'boolean',
  MacAddress: 'string',
  OnBuild: texts,
  Labels: map('string'),
  StopSignal: 'string',
  StopTimeout: 'integer',
  Shell: texts,
}

/** `POST /containers/create`: a ContainerConfig with HostConfig and NetworkingConfig. */
export const createBody: Type = fields({
  ...config,
  HostConfig: hostConfig,
  NetworkingConfig: fields({
    EndpointsConfig: map(endpointSettings),
  }),
})

/** `POST /commit`. */
export const commitBody: Type = fields(config)

/** `POST /containers/{id}/update`. */
export const updateBody: Type = fields({ ...resources, RestartPolicy: restartPolicy })

/** `POST /exec/{id}/start`. */
export const execStartBody: Type = fields({ Detach: 'boolean', Tty: 'boolean', ConsoleSize: list('integer') })

/** `POST /containers/{id}/exec`. */
export const execBody: Type = fields({
  AttachStdin: 'boolean',
  AttachStdout: 'boolean',
  AttachStderr: 'boolean',
  ConsoleSize: list('integer'),
  DetachKeys: 'string',
  Tty: 'boolean',
  Env: texts,
  Cmd: texts,
  Privileged: 'boolean',
  User: 'string',
  WorkingDir: 'string',
})
