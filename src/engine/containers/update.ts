import { GalleyError, messageOf } from '#base/error.ts'
import { writeLimits, type Limits } from '#host/cgroup/limits.ts'
import { groupOf } from './cgroup.ts'
import { checkHostConfig } from './check-host-config.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import type { Container, HostConfig } from './model.ts'
import { hasBlockWeight } from './resources.ts'
import { saveState } from './save-state.ts'
import { isRunning } from './status.ts'

/** What `docker update` can change. */
export type Changes = Partial<
  Pick<
    HostConfig,
    | 'BlkioWeight'
    | 'CpuPeriod'
    | 'CpuQuota'
    | 'CpuRealtimePeriod'
    | 'CpuRealtimeRuntime'
    | 'CpuShares'
    | 'CpusetCpus'
    | 'CpusetMems'
    | 'Memory'
    | 'MemoryReservation'
    | 'MemorySwap'
    | 'NanoCpus'
    | 'PidsLimit'
    | 'RestartPolicy'
  >
>

/** `docker update`: at once for a container that runs, and for its next starts. Throws `invalid`, `conflict`. */
export function update(engine: Engine, reference: string, changes: Changes): Promise<Container> {
  const { id } = engine.containers.get(reference)
  return engine.containers.inTurn(id, async () => {
    const container = engine.containers.get(id)
    const before = container.hostConfig
    const wanted = refusing(id, () => planUpdate(before, changes))
    container.hostConfig = wanted
    // Before it is so: what a full disk does not take is not to be in force either.
    await engine.containers.saveOr(() => void (container.hostConfig = before), container)
    try {
      if (isRunning(container) && container.state.pid > 0)
        refusing(id, () => writeLimits(groupOf(engine, container), limitsOf(wanted, changes)))
    } catch (error) {
      container.hostConfig = before
      await saveState(engine, container)
      throw error
    }
    engine.events.emit('container', 'update', id, eventAttributes(container))
    return container
  })
}

function refusing<T>(id: string, task: () => T): T {
  try {
    return task()
  } catch (error) {
    const kind = error instanceof GalleyError ? error.kind : 'conflict'
    throw new GalleyError(kind, `Cannot update container ${id}: ${messageOf(error)}`, { cause: error })
  }
}

/** The configuration under the changes; zero and empty mean "as it is", but for the limit of processes. */
function planUpdate(old: HostConfig, changes: Changes): HostConfig {
  const set = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== 0 && value !== '' && value !== null)) as Changes
  const { RestartPolicy, ...others } = set
  // Zero takes this limit away, as does every number below it.
  const limits = { ...others, ...(changes.PidsLimit !== undefined && { PidsLimit: Math.max(0, changes.PidsLimit) }) }
  checkConflicts(old, limits)
  const policy = RestartPolicy?.Name ? RestartPolicy : old.RestartPolicy
  if (RestartPolicy?.Name && RestartPolicy.Name !== 'no' && old.AutoRemove)
    throw new GalleyError('conflict', 'Restart policy cannot be updated because AutoRemove is enabled for the container')
  const wanted = { ...old, ...limits, RestartPolicy: policy }
  checkHostConfig(wanted)
  return wanted
}

function checkConflicts(old: HostConfig, { CpuPeriod, CpuQuota, NanoCpus, Memory, MemorySwap }: Changes): void {
  const refuse = (message: string): never => {
    throw new GalleyError('invalid', message)
  }
  if (CpuPeriod && old.NanoCpus > 0) refuse('Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set')
  if (CpuQuota && old.NanoCpus > 0) refuse('Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set')
  if (NanoCpus && old.CpuPeriod > 0) refuse('Conflicting options: NanoCPUs cannot be updated as CPU Period has already been set')
  if (NanoCpus && old.CpuQuota > 0) refuse('Conflicting options: NanoCPUs cannot be updated as CPU Quota has already been set')
  const swap = old.MemorySwap !== 0 ? old.MemorySwap : old.Memory * 2
  if (Memory && !MemorySwap && swap > 0 && Memory > swap)
    refuse('Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time')
}

/** Of the whole configuration, what the changes touch. */
function limitsOf(wanted: HostConfig, changes: Changes): Limits {
  const time = changes.NanoCpus
    ? { period: 100_000, quota: Math.round(wanted.NanoCpus / 10_000) }
    : { ...(changes.CpuPeriod && { period: wanted.CpuPeriod }), ...(changes.CpuQuota && { quota: wanted.CpuQuota }) }
  return {
    ...(changes.Memory && { memory: wanted.Memory }),
    ...((changes.Memory || changes.MemorySwap) && { swap: wanted.MemorySwap !== 0 ? wanted.MemorySwap : wanted.Memory * 2 }),
    ...(changes.MemoryReservation && { reservation: wanted.MemoryReservation }),
    ...(changes.CpuShares && { shares: wanted.CpuShares }),
    ...time,
    ...(changes.CpusetCpus && { cpus: wanted.CpusetCpus }),
    ...(changes.CpusetMems && { mems: wanted.CpusetMems }),
    ...(changes.PidsLimit !== undefined && { pids: wanted.PidsLimit > 0 ? wanted.PidsLimit : -1 }),
    ...(changes.BlkioWeight && hasBlockWeight() && { blockWeight: wanted.BlkioWeight }),
  }
}
