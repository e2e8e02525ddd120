/** An answer of `GET /containers/{id}/stats`, as far as it is used. */
export interface Sample {
  readonly id: string
  readonly name: string
  readonly pids_stats: { readonly current?: number }
  readonly cpu_stats: Cpu
  readonly precpu_stats: Cpu
  readonly memory_stats: { readonly usage?: number; readonly limit?: number; readonly stats?: Readonly<Record<string, number>> }
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>
  readonly blkio_stats: { readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null }
}

interface Cpu {
  readonly cpu_usage: { readonly total_usage: number }
  readonly system_cpu_usage?: number
  readonly online_cpus?: number
}

/** A container as `docker compose stats --format json` tells of it. */
export interface StatsRow {
  readonly BlockIO: string
  readonly CPUPerc: string
  readonly Container: string
  readonly ID: string
  readonly MemPerc: string
  readonly MemUsage: string
  readonly Name: string
  readonly NetIO: string
  readonly PIDs: string
}

export function statsRow(sample: Sample): StatsRow {
  const { id, name, pids_stats, memory_stats, networks = {} } = sample
  const [used, limit] = [usedMemory(memory_stats), memory_stats.limit ?? 0]
  const traffic = Object.values(networks)
  const sum = (numbers: readonly number[]): string => decimalSize(numbers.reduce((total, one) => total + one, 0))
  const moved = (wanted: string): readonly number[] =>
    (sample.blkio_stats.io_service_bytes_recursive ?? []).flatMap(({ op, value }) => (op.toLowerCase() === wanted ? [value] : []))
  return {
    BlockIO: `${sum(moved('read'))} / ${sum(moved('write'))}`,
    CPUPerc: percent(share(sample)),
    Container: id,
    ID: id,
    MemPerc: percent(limit === 0 ? 0 : used / limit),
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    Name: name.replace(/^\//, ''),
    NetIO: `${sum(traffic.map(({ rx_bytes }) => rx_bytes))} / ${sum(traffic.map(({ tx_bytes }) => tx_bytes))}`,
    PIDs: String(pids_stats.current ?? 0),
  }
}

/** Of one processor: two busy ones are 200 %. */
function share({ cpu_stats: now, precpu_stats: before }: Sample): number {
  const busy = now.cpu_usage.total_usage - before.cpu_usage.total_usage
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0)
  return busy > 0 && passed > 0 ? (busy / passed) * (now.online_cpus ?? 1) : 0
}

/** Without the files that the kernel may forget at once, as docker stats counts (cgroup version 1 and 2 call them differently). */
function usedMemory({ usage = 0, stats = {} }: Sample['memory_stats']): number {
  const files = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0
  return files < usage ? usage - files : usage
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)}%`
}

/** As Docker writes sizes: `86.8MB`. */
export function decimalSize(bytes: number): string {
  return scaled(bytes, { base: 1000, digits: 3, units: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] })
}

function binarySize(bytes: number): string {
  return scaled(bytes, { base: 1024, digits: 4, units: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] })
}

interface Scale {
  readonly base: number
  readonly digits: number
  readonly units: readonly string[]
}

function scaled(bytes: number, { base, digits, units }: Scale): string {
  let [rest, at] = [bytes, 0]
  while (rest >= base && at < units.length - 1) [rest, at] = [rest / base, at + 1]
  return `${Number(rest.toPrecision(digits))}${units[at]}`
}
