import { isDeviceName } from '#base/device-name.ts'
import { decodeUlimits } from './build.ts'
import { defined, fieldsOf, flagOf, integerOf, itemsOf, nanoCpusOf, textMapOf, textOf, textsOf } from './decode.ts'
import type { ContainerOptions } from './model.ts'
import { isNull, type Mapping, type Node } from './tree.ts'

type Decode = (node: Node, what: string) => unknown

/** Attributes that the Engine API has under another name, by the field of its HostConfig. */
const hostFields: Readonly<Record<string, readonly [field: string, decode: Decode]>> = {
  annotations: ['Annotations', textMapOf],
  cap_add: ['CapAdd', textsOf],
  cap_drop: ['CapDrop', textsOf],
  cgroup: ['CgroupnsMode', textOf],
  cgroup_parent: ['CgroupParent', textOf],
  cpu_period: ['CpuPeriod', integerOf],
  cpu_quota: ['CpuQuota', integerOf],
  cpu_rt_period: ['CpuRealtimePeriod', integerOf],
  cpu_rt_runtime: ['CpuRealtimeRuntime', integerOf],
  cpu_shares: ['CpuShares', integerOf],
  cpus: ['NanoCpus', nanoCpusOf],
  cpuset: ['CpusetCpus', textOf],
  device_cgroup_rules: ['DeviceCgroupRules', textsOf],
  devices: ['Devices', devices],
  dns: ['Dns', textsOf],
  dns_opt: ['DnsOptions', textsOf],
  dns_search: ['DnsSearch', textsOf],
  extra_hosts: ['ExtraHosts', hosts],
  group_add: ['GroupAdd', textsOf],
  init: ['Init', flagOf],
  ipc: ['IpcMode', textOf],
  logging: ['LogConfig', logging],
  mem_limit: ['Memory', integerOf],
  mem_reservation: ['MemoryReservation', integerOf],
  mem_swappiness: ['MemorySwappiness', integerOf],
  memswap_limit: ['MemorySwap', integerOf],
  network_mode: ['NetworkMode', textOf],
  oom_kill_disable: ['OomKillDisable', flagOf],
  oom_score_adj: ['OomScoreAdj', integerOf],
  pid: ['PidMode', textOf],
  pids_limit: ['PidsLimit', integerOf],
  privileged: ['Privileged', flagOf],
  read_only: ['ReadonlyRootfs', flagOf],
  runtime: ['Runtime', textOf],
  security_opt: ['SecurityOpt', textsOf],
  shm_size: ['ShmSize', integerOf],
  sysctls: ['Sysctls', textMapOf],
  tmpfs: ['Tmpfs', tmpfs],
  ulimits: ['Ulimits', ulimits],
  userns_mode: ['UsernsMode', textOf],
  uts: ['UTSMode', textOf],
}

/** The same, by the field of its Config. */
const configFields: Readonly<Record<string, readonly [field: string, decode: Decode]>> = {
  domainname: ['Domainname', textOf],
  stdin_open: ['OpenStdin', flagOf],
  stop_signal: ['StopSignal', textOf],
  tty: ['Tty', flagOf],
}

/** Decodes the attributes that only need another name. Throws `invalid`, `not implemented`. */
export function decodeContainerOptions(service: Mapping, where: string): ContainerOptions {
  const limits = blkio(service.entries.get('blkio_config')?.value, `${where}.blkio_config`)
  const requests = declaredDevices(service.entries.get('devices')?.value, `${where}.devices`)
  return {
    config: engineFields(service, configFields, where),
    hostConfig: { ...engineFields(service, hostFields, where), ...limits, ...requests },
  }
}

function engineFields(service: Mapping, table: typeof hostFields, where: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, [field, decode]]) => {
      const node = service.entries.get(key)?.value
      const value = node === undefined || isNull(node) ? undefined : decode(node, `${where}.${key}`)
      return value === undefined ? [] : [[field, value] as const]
    }),
  )
}

/** `HOST=ADDRESS` as the Engine API writes it. */
function hosts(node: Node, what: string): string[] {
  return textsOf(node, what).map((text) => text.replace('=', ':'))
}

function logging(node: Node, what: string): object {
  const field = fieldsOf(node, what)
  return {
    Type: textOf(field('driver'), `${what}.driver`) ?? 'json-file',
    Config: textMapOf(field('options'), `${what}.options`),
  }
}

/** `/path` or `/path:options`. */
function tmpfs(node: Node, what: string): Record<string, string> {
  return Object.fromEntries(
    textsOf(node, what).map((text) => {
      const [path = '', ...options] = text.split(':')
      return [path, options.join(':')]
    }),
  )
}

function ulimits(node: Node, what: string): object[] {
  return decodeUlimits(node, what).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }))
}

function devices(node: Node, what: string): object[] {
  return itemsOf(node, what).flatMap((item) => {
    const field = fieldsOf(item, what)
    const source = textOf(field('source'), `${what}.source`)
    if (isDeviceName(source ?? '')) return []
    return {
      PathOnHost: source,
      PathInContainer: textOf(field('target'), `${what}.target`) ?? source,
      CgroupPermissions: textOf(field('permissions'), `${what}.permissions`) ?? 'rwm',
    }
  })
}

/** Those that name what the machine declares, and no path. */
function declaredDevices(node: Node | undefined, what: string): Record<string, unknown> {
  const names = node === undefined ? [] : itemsOf(node, what).map((item) => textOf(fieldsOf(item, what)('source'), `${what}.source`) ?? '')
  const declared = names.filter(isDeviceName)
  return declared.length === 0 ? {} : { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: declared }] }
}

const rates: Readonly<Record<string, string>> = {
  device_read_bps: 'BlkioDeviceReadBps',
  device_read_iops: 'BlkioDeviceReadIOps',
  device_write_bps: 'BlkioDeviceWriteBps',
  device_write_iops: 'BlkioDeviceWriteIOps',
}

/** How much of the disks it gets; several fields of the HostConfig. */
function blkio(node: Node | undefined, what: string): Record<string, unknown> {
  const field = fieldsOf(node, what)
  const list = (key: string, value: string, name: string): object[] | undefined =>
    field(key) === undefined
      ? undefined
      : itemsOf(field(key), `${what}.${key}`).map((item) => {
          const inner = fieldsOf(item, `${what}.${key}`)
          return { Path: textOf(inner('path'), `${what}.${key}.path`), [name]: integerOf(inner(value), `${what}.${key}.${value}`) ?? 0 }
        })
  return defined({
    BlkioWeight: integerOf(field('weight'), `${what}.weight`),
    BlkioWeightDevice: list('weight_device', 'weight', 'Weight'),
    ...Object.fromEntries(Object.entries(rates).map(([key, name]) => [name, list(key, 'rate', 'Rate')])),
  })
}
