import { writeFileSync } from 'node:fs'
import { hasControl, readNumber } from './files.ts'
import { cgroupTree } from './tree.ts'

/** Limits of a group; what is left out stays as it is. Bytes, microseconds, -1 for none. */
export interface Limits {
  readonly memory?: number
  /** Memory and swap together. */
  readonly swap?: number
  readonly reservation?: number
  readonly shares?: number
  readonly period?: number
  readonly quota?: number
  readonly cpus?: string
  readonly mems?: string
  readonly pids?: number
  readonly blockWeight?: number
}

type Setting = readonly [controller: string, file: string, value: string | number | undefined]

/** Changes the limits of a group whose processes run on. Throws the kernel's error, such as EBUSY for less memory than is in use. */
export function writeLimits(path: string, limits: Limits): void {
  const tree = cgroupTree()
  const settings = tree.version === 1 ? firstVersion(path, limits) : secondVersion(path, limits)
  for (const [controller, file, value] of settings) {
    const directory = tree.directory(controller, path)
    if (value !== undefined && directory !== undefined) writeFileSync(`${directory}/${file}`, String(value))
  }
}

/** Memory may never exceed memory and swap, not even between two writes. */
function firstVersion(path: string, limits: Limits): Setting[] {
  const memory: Setting = ['memory', 'memory.limit_in_bytes', limits.memory]
  const swap: Setting = ['memory', 'memory.memsw.limit_in_bytes', limits.swap]
  const old = readNumber(cgroupTree().directory('memory', path), 'memory.memsw.limit_in_bytes') ?? Infinity
  const grows = (limits.memory ?? 0) > old || limits.memory === -1
  return [
    ...(grows ? [swap, memory] : [memory, swap]),
    ['memory', 'memory.soft_limit_in_bytes', limits.reservation],
    ['cpu', 'cpu.shares', limits.shares],
    ['cpu', 'cpu.cfs_period_us', limits.period],
    ['cpu', 'cpu.cfs_quota_us', limits.quota],
    ['cpuset', 'cpuset.cpus', limits.cpus],
    ['cpuset', 'cpuset.mems', limits.mems],
    ['pids', 'pids.max', orMax(limits.pids)],
    ['blkio', 'blkio.weight', limits.blockWeight],
  ]
}

/** Here swap is limited by itself: what memory and swap together leave when memory is full. */
function secondVersion(path: string, { memory, swap, reservation, shares, period, quota, ...rest }: Limits): Setting[] {
  const onlySwap = swap === undefined || swap < 0 ? swap : swap - Math.max(memory ?? memoryLimit(path), 0)
  const cpuMax = quota === undefined && period === undefined ? undefined : `${orMax(quota ?? -1)} ${period ?? 100_000}`
  return [
    ['memory', 'memory.max', orMax(memory)],
    ['memory', 'memory.swap.max', orMax(onlySwap)],
    ['memory', 'memory.low', reservation],
    ['cpu', 'cpu.weight', shares === undefined ? undefined : weightOf(shares)],
    ['cpu', 'cpu.max', cpuMax],
    ['cpuset', 'cpuset.cpus', rest.cpus],
    ['cpuset', 'cpuset.mems', rest.mems],
    ['pids', 'pids.max', orMax(rest.pids)],
    ...weightSetting(path, rest.blockWeight),
  ]
}

function memoryLimit(path: string): number {
  const limit = readNumber(cgroupTree().directory('memory', path), 'memory.max') ?? 0
  return Number.isFinite(limit) ? limit : 0
}

/** The file of the I/O scheduler that has weights on this host; none on most hosts. BFQ's go to 1000, as Docker's, the others to 10000. */
function weightSetting(path: string, weight: number | undefined): Setting[] {
  const group = cgroupTree().directory('io', path)
  if (hasControl(group, 'io.bfq.weight')) return [['io', 'io.bfq.weight', weight]]
  return hasControl(group, 'io.weight') ? [['io', 'io.weight', weight === undefined ? undefined : ioWeightOf(weight)]] : []
}

/** From 10…1000 to 1…10000, as OCI runtimes convert. */
export function ioWeightOf(weight: number): number {
  return Math.floor(1 + ((weight - 10) * 9999) / 990)
}

function orMax(value: number | undefined): number | string | undefined {
  return value !== undefined && value < 0 ? 'max' : value
}

/** From 2…262144 to 1…10000, as OCI runtimes convert. */
export function weightOf(shares: number): number {
  return Math.floor(1 + ((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142)
}
