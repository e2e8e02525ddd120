import { checkKeys, entriesOf, flagOf, integerOf, textMapOf, textOf, textsOf } from './decode.ts'
import type { ContainerOptions } from './model.ts'
import { invalidAt, isNull, unsupportedAt, type Mapping, type Node } from './tree.ts'

type Decode = (node: Node, what: string) => unknown

/** Attributes that the Engine API has under another name, by the field of its HostConfig. */
const hostFields: Readonly<Record<string, readonly [field: string, decode: Decode]>> = {
  cap_add: ['CapAdd', textsOf],
  cap_drop: ['CapDrop', textsOf],
  cpu_shares: ['CpuShares', integerOf],
  cpus: ['NanoCpus', nanoCpus],
  cpuset: ['CpusetCpus', textOf],
  dns: ['Dns', oneOrMore],
  dns_opt: ['DnsOptions', textsOf],
  dns_search: ['DnsSearch', oneOrMore],
  extra_hosts: ['ExtraHosts', hosts],
  group_add: ['GroupAdd', textsOf],
  init: ['Init', flagOf],
  ipc: ['IpcMode', hostMode],
  logging: ['LogConfig', logging],
  mem_limit: ['Memory', bytes],
  mem_reservation: ['MemoryReservation', bytes],
  memswap_limit: ['MemorySwap', bytes],
  network_mode: ['NetworkMode', hostMode],
  oom_score_adj: ['OomScoreAdj', integerOf],
  pid: ['PidMode', hostMode],
  pids_limit: ['PidsLimit', integerOf],
  privileged: ['Privileged', flagOf],
  read_only: ['ReadonlyRootfs', flagOf],
  security_opt: ['SecurityOpt', textsOf],
  shm_size: ['ShmSize', bytes],
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

export const containerOptionKeys = [...Object.keys(hostFields), ...Object.keys(configFields)]

/** Decodes the attributes that only need another name. Throws `invalid`, `not implemented`. */
export function decodeContainerOptions(service: Mapping, where: string): ContainerOptions {
  return { config: fieldsOf(service, configFields, where), hostConfig: fieldsOf(service, hostFields, where) }
}

function fieldsOf(service: Mapping, table: typeof hostFields, where: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, [field, decode]]) => {
      const node = service.entries.get(key)?.value
      const value = node === undefined || isNull(node) ? undefined : decode(node, `${where}.${key}`)
      return value === undefined ? [] : [[field, value] as const]
    }),
  )
}

function oneOrMore(node: Node, what: string): string[] {
  return node.kind === 'scalar' ? [textOf(node, what) ?? ''] : textsOf(node, what)
}

/** compose-spec, 11-extension: `300m`, `1.5gb`; a bare number is bytes. */
function bytes(node: Node, what: string): number {
  const text = textOf(node, what) ?? ''
  const match = /^(-?\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text)
  if (match === null) throw invalidAt(node.at, `${what}: invalid size "${text}"`, 'Such as 512m or 2g.')
  return Math.round(Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(match[2]?.toLowerCase() ?? ''))
}

function nanoCpus(node: Node, what: string): number {
  const cpus = Number(textOf(node, what))
  if (!(cpus >= 0)) throw invalidAt(node.at, `${what} must be a number of processors, such as 0.5`)
  return Math.round(cpus * 1e9)
}

/** Namespaces of another service need its container; those of the host and the machine's own kinds don't. */
function hostMode(node: Node, what: string): string {
  const text = textOf(node, what) ?? ''
  if (/^(service|container):/.test(text)) throw unsupportedAt(node.at, `${what}: ${text}`)
  return text
}

function hosts(node: Node, what: string): string[] {
  if (node.kind !== 'mapping') return textsOf(node, what).map((text) => text.replace('=', ':'))
  return [...node.entries].flatMap(([name, { value }]) => oneOrMore(value, what).map((address) => `${name}:${address}`))
}

function logging(node: Node, what: string): object {
  checkKeys(node, { known: ['driver', 'options'], unsupported: [] }, what)
  const fields = entriesOf(node, what)
  return {
    Type: textOf(fields.get('driver')?.value, `${what}.driver`) ?? 'json-file',
    Config: textMapOf(fields.get('options')?.value, `${what}.options`),
  }
}

/** `/path` or `/path:options`. */
function tmpfs(node: Node, what: string): Record<string, string> {
  return Object.fromEntries(
    oneOrMore(node, what).map((text) => {
      const [path = '', ...options] = text.split(':')
      return [path, options.join(':')]
    }),
  )
}

function ulimits(node: Node, what: string): object[] {
  return [...entriesOf(node, what)].map(([Name, { value }]) => {
    if (value.kind !== 'mapping') {
      const both = integerOf(value, `${what}.${Name}`) ?? 0
      return { Name, Soft: both, Hard: both }
    }
    checkKeys(value, { known: ['soft', 'hard'], unsupported: [] }, `${what}.${Name}`)
    const limit = (kind: string): number | undefined => integerOf(value.entries.get(kind)?.value, `${what}.${Name}.${kind}`)
    const [Soft, Hard] = [limit('soft'), limit('hard')]
    if (Soft === undefined || Hard === undefined) throw invalidAt(value.at, `${what}.${Name} needs soft and hard`)
    return { Name, Soft, Hard }
  })
}
