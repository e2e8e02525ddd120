import { readControl, readNumber, readPairs } from './files.ts'
import { cgroupTree } from './tree.ts'

/** What a group has used so far. Times in nanoseconds, sizes in bytes; `Infinity` for no limit. */
export interface GroupStats {
  readonly cpu: {
    readonly total: number
    readonly user: number
    readonly kernel: number
    /** By CPU; version 2 doesn't count so. */
    readonly perCpu: readonly number[] | undefined
    readonly periods: number
    readonly throttledPeriods: number
    readonly throttledTime: number
  }
  readonly memory: {
    readonly usage: number
    readonly limit: number
    /** Version 1 alone. */
    readonly most: number | undefined
    readonly failures: number | undefined
    /** memory.stat as it is: the two versions name things differently. */
    readonly stat: ReadonlyMap<string, number>
  }
  readonly processes: { readonly current: number; readonly limit: number }
  readonly io: { readonly bytes: readonly DeviceCount[]; readonly operations: readonly DeviceCount[] }
}

/** A block device's count of one kind of access. */
export interface DeviceCount {
  readonly major: number
  readonly minor: number
  readonly access: string
  readonly value: number
}

/** Reads a group. What the host doesn't count is 0. */
export function readGroupStats(path: string): GroupStats {
  return cgroupTree().version === 1 ? firstVersion(path) : secondVersion(path)
}

const tick = 1e9 / 100
/** "No limit" in version 1 is the largest number of whole pages. */
const unlimited = 2 ** 62

function firstVersion(path: string): GroupStats {
  const at = (controller: string): string | undefined => cgroupTree().directory(controller, path)
  const [cpu, account, memory, block] = [at('cpu'), at('cpuacct'), at('memory'), at('blkio')]
  const times = readPairs(account, 'cpuacct.stat')
  const throttling = readPairs(cpu, 'cpu.stat')
  const limit = readNumber(memory, 'memory.limit_in_bytes') ?? Infinity
  return {
    cpu: {
      total: readNumber(account, 'cpuacct.usage') ?? 0,
      user: (times.get('user') ?? 0) * tick,
      kernel: (times.get('system') ?? 0) * tick,
      perCpu: (readControl(account, 'cpuacct.usage_percpu') ?? '').split(/\s+/).map(Number),
      periods: throttling.get('nr_periods') ?? 0,
      throttledPeriods: throttling.get('nr_throttled') ?? 0,
      throttledTime: throttling.get('throttled_time') ?? 0,
    },
    memory: {
      usage: readNumber(memory, 'memory.usage_in_bytes') ?? 0,
      limit: limit > unlimited ? Infinity : limit,
      most: readNumber(memory, 'memory.max_usage_in_bytes'),
      failures: readNumber(memory, 'memory.failcnt'),
      stat: readPairs(memory, 'memory.stat'),
    },
    processes: processesOf(at('pids')),
    io: {
      bytes: parseBlockCounts(readControl(block, 'blkio.throttle.io_service_bytes_recursive') ?? ''),
      operations: parseBlockCounts(readControl(block, 'blkio.throttle.io_serviced_recursive') ?? ''),
    },
  }
}

function secondVersion(path: string): GroupStats {
  const group = cgroupTree().directories(path)[0]
  const cpu = readPairs(group, 'cpu.stat')
  const micro = (name: string): number => (cpu.get(name) ?? 0) * 1000
  const lines = readControl(group, 'io.stat') ?? ''
  return {
    cpu: {
      total: micro('usage_usec'),
      user: micro('user_usec'),
      kernel: micro('system_usec'),
      perCpu: undefined,
      periods: cpu.get('nr_periods') ?? 0,
      throttledPeriods: cpu.get('nr_throttled') ?? 0,
      throttledTime: micro('throttled_usec'),
    },
    memory: {
      usage: readNumber(group, 'memory.current') ?? 0,
      limit: readNumber(group, 'memory.max') ?? Infinity,
      most: undefined,
      failures: undefined,
      stat: readPairs(group, 'memory.stat'),
    },
    processes: processesOf(group),
    io: {
      bytes: parseIoStat(lines, { rbytes: 'read', wbytes: 'write' }),
      operations: parseIoStat(lines, { rios: 'read', wios: 'write' }),
    },
  }
}

function processesOf(directory: string | undefined): GroupStats['processes'] {
  return { current: readNumber(directory, 'pids.current') ?? 0, limit: readNumber(directory, 'pids.max') ?? Infinity }
}

/** Version 1, lines `8:0 Read 4096`; the sum of all devices, which has no numbers, is left out. */
export function parseBlockCounts(text: string): DeviceCount[] {
  return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, access = '', value]) => ({
    major: Number(major),
    minor: Number(minor),
    access: access.toLowerCase(),
    value: Number(value),
  }))
}

/** Version 2, lines `8:0 rbytes=4096 wbytes=0 …`; `names` are the wanted keys and what they count. */
export function parseIoStat(text: string, names: Readonly<Record<string, string>>): DeviceCount[] {
  return [...text.matchAll(/^(\d+):(\d+) (.*)$/gm)].flatMap(([, major, minor, rest = '']) =>
    rest
      .split(' ')
      .map((pair) => pair.split('='))
      .flatMap(([key = '', value]) => {
        const access = names[key]
        return access === undefined ? [] : [{ major: Number(major), minor: Number(minor), access, value: Number(value) }]
      }),
  )
}
