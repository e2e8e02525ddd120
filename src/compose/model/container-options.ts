import { decodeUlimits } from './build.ts'
import { fieldsOf, flagOf, integerOf, nanoCpusOf, textMapOf, textOf, textsOf } from './decode.ts'
import type { ContainerOptions } from './model.ts'
import { isNull, type Mapping, type Node } from './tree.ts'

type Decode = (node: Node, what: string) => unknown

/** Attributes that the Engine API has under another name, by the field of its HostConfig. */
const hostFields: Readonly<Record<string, readonly [field: string, decode: Decode]>> = {
  cap_add: ['CapAdd', textsOf],
  cap_drop: ['CapDrop', textsOf],
  cpu_shares: ['CpuShares', integerOf],
  cpus: ['NanoCpus', nanoCpusOf],
  cpuset: ['CpusetCpus', textOf],
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
  memswap_limit: ['MemorySwap', integerOf],
  network_mode: ['NetworkMode', textOf],
  oom_score_adj: ['OomScoreAdj', integerOf],
  pid: ['PidMode', textOf],
  pids_limit: ['PidsLimit', integerOf],
  privileged: ['Privileged', flagOf],
  read_only: ['ReadonlyRootfs', flagOf],
  security_opt: ['SecurityOpt', textsOf],
  shm_size: ['ShmSize', integerOf],
  sysctls: ['Sysctls', textMapOf],
  tmpfs: ['Tmpfs', tmpfs],
  ulimits: ['Ulimits', ulimits],
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
  return { config: engineFields(service, configFields, where), hostConfig: engineFields(service, hostFields, where) }
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
