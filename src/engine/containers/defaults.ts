import { checkLogConfig } from '#engine/logs/options.ts'
import { cgroupTree } from '#host/cgroup/tree.ts'
import { checkHostConfig } from './check-host-config.ts'
import type { ContainerConfig, HostConfig } from './model.ts'
import { refuseMissing } from './refuse.ts'

type Given = Readonly<Record<string, unknown>>

const emptyConfig: ContainerConfig = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  ExposedPorts: {},
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: null,
  Entrypoint: null,
  Image: '',
  Labels: {},
  Volumes: {},
  WorkingDir: '',
}

const emptyHostConfig: HostConfig = {
  Binds: [],
  Mounts: [],
  Tmpfs: {},
  PortBindings: {},
  PublishAllPorts: false,
  NetworkMode: 'bridge',
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  Privileged: false,
  ReadonlyRootfs: false,
  CapAdd: [],
  CapDrop: [],
  SecurityOpt: [],
  GroupAdd: [],
  Dns: [],
  DnsSearch: [],
  DnsOptions: [],
  ExtraHosts: [],
  Ulimits: null,
  Sysctls: {},
  ShmSize: 64 << 20,
  Memory: 0,
  MemorySwap: 0,
  MemoryReservation: 0,
  NanoCpus: 0,
  CpuShares: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpusetCpus: '',
  CpusetMems: '',
  PidsLimit: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  MemorySwappiness: null,
  OomKillDisable: null,
  OomScoreAdj: 0,
  CgroupParent: '',
  CgroupnsMode: '',
  Devices: [],
  DeviceCgroupRules: [],
  DeviceRequests: [],
  VolumesFrom: [],
  VolumeDriver: '',
  Links: [],
  Runtime: '',
  Annotations: {},
  MaskedPaths: null,
  ReadonlyPaths: null,
  Init: false,
  PidMode: '',
  IpcMode: 'private',
  UTSMode: '',
  LogConfig: { Type: 'json-file', Config: {} },
}

/** What a client left out, sent as null or sent empty becomes Docker's default. */
export function completeConfig(given: Given): ContainerConfig {
  return { ...emptyConfig, ...present(given), Cmd: words(given['Cmd']), Entrypoint: words(given['Entrypoint']) }
}

/** Older clients send a command of one word as a text (moby, strslice). */
function words(value: unknown): string[] | null {
  return typeof value === 'string' ? [value] : ((value ?? null) as string[] | null)
}

/** As `completeConfig`. Throws `invalid`, with Docker's words, and `not implemented` for what Galley lacks. */
export function completeHostConfig(given: Given): HostConfig {
  refuseMissing(given)
  const complete: HostConfig = { ...emptyHostConfig, ...present(given) }
  if (complete.NetworkMode === 'default' || complete.NetworkMode === '') complete.NetworkMode = 'bridge'
  if (complete.ShmSize === 0) complete.ShmSize = emptyHostConfig.ShmSize
  if (complete.Memory > 0 && complete.MemorySwap === 0) complete.MemorySwap = complete.Memory * 2
  if (complete.IpcMode === '') complete.IpcMode = emptyHostConfig.IpcMode
  if (complete.CgroupnsMode === '') complete.CgroupnsMode = cgroupTree().version === 2 && !complete.Privileged ? 'private' : 'host'
  if (complete.RestartPolicy.Name === '') complete.RestartPolicy = { ...complete.RestartPolicy, Name: 'no' }
  if (complete.LogConfig.Type === '') complete.LogConfig = { ...complete.LogConfig, Type: 'json-file' }
  complete.LogConfig = { ...complete.LogConfig, Config: complete.LogConfig.Config ?? {} }
  checkHostConfig(complete)
  checkLogConfig(complete.LogConfig)
  return complete
}

function present(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined))
}
