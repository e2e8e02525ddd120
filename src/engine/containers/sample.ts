import { readFileSync } from 'node:fs'
import { readGroupStats, type GroupStats } from '#host/cgroup/stats.ts'
import { trafficOf, type Traffic } from '#host/netns/traffic.ts'
import { groupOf } from './cgroup.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { hasProcesses } from './status.ts'

/** What a running container has used until now, and the whole machine with it. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly group: GroupStats
  readonly traffic: readonly Traffic[]
  /** Nanoseconds that all CPUs together have run since boot, idle or not. */
  readonly machine: number
}

/** `undefined` while the container doesn't run. */
export function sampleOf(engine: Engine, container: Container): Sample | undefined {
  const { pid } = container.state
  if (pid === 0 || !hasProcesses(container)) return undefined
  const shares = container.hostConfig.NetworkMode === 'host'
  return {
    at: engine.clock.now(),
    group: readGroupStats(groupOf(engine, container)),
    traffic: shares ? [] : trafficOf(pid),
    machine: machineTime(readFileSync('/proc/stat', 'utf8')),
  }
}

/** The first seven kinds of time of all CPUs (proc_stat(5)), which is what clients compare a container's time with. */
function machineTime(stat: string): number {
  const tick = 1e9 / 100
  const [, ...kinds] = (stat.split('\n')[0] ?? '').split(/\s+/)
  return kinds.slice(0, 7).reduce((sum, ticks) => sum + Number(ticks) * tick, 0)
}
