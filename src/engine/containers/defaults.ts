import { GalleyError } from '#base/error.ts'
import type { ContainerConfig, HostConfig } from './model.ts'

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
  Ulimits: [],
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
  OomScoreAdj: 0,
  Init: false,
  PidMode: '',
  IpcMode: 'private',
  UTSMode: '',
  LogConfig: { Type: 'json-file', Config: {} },
}

/** What a client left out, sent as null or sent empty becomes Docker's default. Throws `not implemented` for what Galley lacks. */
export function completeConfig(given: Given): ContainerConfig {
  return { ...emptyConfig, ...present(given) }
}

export function completeHostConfig(given: Given): HostConfig {
  const complete: HostConfig = { ...emptyHostConfig, ...present(given) }
  for (const field of refused) if (isSet(given[field])) throw unsupported(`HostConfig.${field}`)
  if (complete.NetworkMode === 'default' || complete.NetworkMode === '') complete.NetworkMode = 'bridge'
  if (complete.ShmSize === 0) complete.ShmSize = emptyHostConfig.ShmSize
  if (complete.RestartPolicy.Name === '') complete.RestartPolicy.Name = 'no'
  if (complete.LogConfig.Type === '') complete.LogConfig = { ...complete.LogConfig, Type: 'json-file' }
  if (!['json-file', 'none'].includes(complete.LogConfig.Type)) throw unsupported(`log driver "${complete.LogConfig.Type}"`)
  if (complete.AutoRemove && complete.RestartPolicy.Name !== 'no')
    throw new GalleyError('invalid', "can't create 'AutoRemove' container with restart policy")
  for (const mode of ['PidMode', 'IpcMode', 'UTSMode'] as const)
    if (!['', 'host', 'private', 'shareable', 'none'].includes(complete[mode])) throw unsupported(`HostConfig.${mode}=${complete[mode]}`)
  return complete
}

/** Fields of `docker run` that are not carried out yet; refused by name rather than ignored. */
const refused = [
  'Devices',
  'DeviceRequests',
  'DeviceCgroupRules',
  'BlkioWeight',
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
  'VolumesFrom',
  'Links',
  'UsernsMode',
  'CgroupParent',
  'StorageOpt',
  'Isolation',
  'VolumeDriver',
  'ContainerIDFile',
  'OomKillDisable',
] as const

function unsupported(what: string): GalleyError {
  return new GalleyError('not implemented', `${what} is not implemented by Galley`, { code: 'container.unsupported-option', subject: what })
}

function isSet(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0 || value === false || value === 'default') return false
  return !(typeof value === 'object' && Object.keys(value).length === 0)
}

function present(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined))
}
