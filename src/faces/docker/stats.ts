import { once } from 'node:events'
import { availableParallelism, totalmem } from 'node:os'
import { sleep } from '#base/clock.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { sampleOf, type Sample } from '#engine/containers/sample.ts'
import type { DeviceCount } from '#host/cgroup/stats.ts'
import { flag, sendJson, type Call } from './route.ts'

/** Milliseconds between two samples, as clients expect. */
const interval = 1000
const never = '0001-01-01T00:00:00Z'

/**
 * `GET /containers/{id}/stats`: a sample a second until the client goes or the container is removed; with `stream=false` one
 * that can be compared with the second before, with `one-shot` too one at once.
 */
export async function sendStats(engine: Engine, container: Container, call: Call): Promise<void> {
  const first = sampleOf(engine, container)
  if (!flag(call.query, 'stream', true)) {
    const once = flag(call.query, 'one-shot') || first === undefined
    if (!once) await sleep(engine.clock, interval, call.signal)
    sendJson(call, 200, once ? shape(container, first) : shape(container, sampleOf(engine, container), first))
    return
  }
  call.response.writeHead(200, { 'content-type': 'application/json' })
  await stream(engine, container, call)
  call.response.end()
}

async function stream(engine: Engine, container: Container, call: Call): Promise<void> {
  let before: Sample | undefined
  while (!call.signal.aborted && engine.containers.find(container.id) !== undefined) {
    const now = sampleOf(engine, container)
    const taken = call.response.write(`${JSON.stringify(shape(container, now, before))}\n`)
    before = now
    try {
      if (!taken) await once(call.response, 'drain', { signal: call.signal })
      await sleep(engine.clock, interval, call.signal)
    } catch {
      // The client went away.
      return
    }
  }
}

/** The API's ContainerStatsResponse (1.51); of a container that doesn't run, what is known of any. */
function shape(container: Container, now: Sample | undefined, before?: Sample): object {
  return {
    name: `/${container.name}`,
    id: container.id,
    read: now === undefined ? never : new Date(now.at).toISOString(),
    preread: before === undefined ? never : new Date(before.at).toISOString(),
    pids_stats: now === undefined ? {} : { current: now.group.processes.current, ...finite('limit', now.group.processes.limit) },
    blkio_stats: blockStats(now),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(now),
    precpu_stats: cpuStats(before),
    memory_stats: now === undefined ? {} : memoryStats(now),
    ...(now !== undefined && now.traffic.length > 0 && { networks: networks(now) }),
  }
}

function finite(name: string, value: number): object {
  return Number.isFinite(value) ? { [name]: value } : {}
}

function cpuStats(sample: Sample | undefined): object {
  const cpu = sample?.group.cpu
  return {
    cpu_usage: {
      total_usage: cpu?.total ?? 0,
      ...(cpu?.perCpu && { percpu_usage: cpu.perCpu }),
      usage_in_kernelmode: cpu?.kernel ?? 0,
      usage_in_usermode: cpu?.user ?? 0,
    },
    ...(sample !== undefined && { system_cpu_usage: sample.machine, online_cpus: availableParallelism() }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledTime ?? 0,
    },
  }
}

/** Clients take the cache that could be dropped off the usage, by names that differ between the two versions of cgroups. */
function memoryStats({ group: { memory } }: Sample): object {
  return {
    usage: memory.usage,
    ...(memory.most !== undefined && { max_usage: memory.most }),
    stats: Object.fromEntries(memory.stat),
    ...(memory.failures !== undefined && { failcnt: memory.failures }),
    limit: Math.min(memory.limit, totalmem()),
  }
}

function blockStats(sample: Sample | undefined): object {
  const rows = (counts: readonly DeviceCount[] | undefined): object[] | null =>
    counts?.map(({ major, minor, access, value }) => ({ major, minor, op: access, value })) ?? null
  return {
    io_service_bytes_recursive: rows(sample?.group.io.bytes),
    io_serviced_recursive: rows(sample?.group.io.operations),
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  }
}

function networks({ traffic }: Sample): object {
  return Object.fromEntries(
    traffic.map(({ name, received, sent }) => [
      name,
      {
        rx_bytes: received.bytes,
        rx_packets: received.packets,
        rx_errors: received.errors,
        rx_dropped: received.dropped,
        tx_bytes: sent.bytes,
        tx_packets: sent.packets,
        tx_errors: sent.errors,
        tx_dropped: sent.dropped,
      },
    ]),
  )
}
