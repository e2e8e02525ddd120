import type { HostConfig } from './model.ts'

/** Devices that every container may use (moby, default device cgroup rules), `type major:minor access`. */
const devices = [
  ['c', undefined, undefined, 'm'],
  ['b', undefined, undefined, 'm'],
  ['c', 1, 3, 'rwm'],
  ['c', 1, 5, 'rwm'],
  ['c', 1, 7, 'rwm'],
  ['c', 1, 8, 'rwm'],
  ['c', 1, 9, 'rwm'],
  ['c', 5, 0, 'rwm'],
  ['c', 5, 1, 'rwm'],
  ['c', 5, 2, 'rwm'],
  ['c', 136, undefined, 'rwm'],
] as const

/** The `linux.resources` section (runtime-spec, config-linux.md) from Docker's limits. Bytes, shares, microseconds. */
export function resourcesFor(hostConfig: HostConfig): object {
  return {
    devices: deviceRules(hostConfig.Privileged),
    memory: memoryFor(hostConfig),
    cpu: cpuFor(hostConfig),
    ...(hostConfig.PidsLimit > 0 && { pids: { limit: hostConfig.PidsLimit } }),
  }
}

function deviceRules(privileged: boolean): object[] {
  if (privileged) return [{ allow: true, access: 'rwm' }]
  return [
    { allow: false, access: 'rwm' },
    ...devices.map(([type, major, minor, access]) => ({
      allow: true,
      type,
      ...(major !== undefined && { major }),
      ...(minor !== undefined && { minor }),
      access,
    })),
  ]
}

/** Without a swap limit of its own a container may swap as much as its memory, as in Docker. */
function memoryFor({ Memory, MemorySwap, MemoryReservation }: HostConfig): object {
  const swap = MemorySwap !== 0 ? MemorySwap : Memory * 2
  return { ...(Memory > 0 && { limit: Memory, swap }), ...(MemoryReservation > 0 && { reservation: MemoryReservation }) }
}

function cpuFor(hostConfig: HostConfig): object {
  const period = hostConfig.NanoCpus > 0 ? 100_000 : hostConfig.CpuPeriod
  const quota = hostConfig.NanoCpus > 0 ? Math.round(hostConfig.NanoCpus / 10_000) : hostConfig.CpuQuota
  return {
    ...(hostConfig.CpuShares > 0 && { shares: hostConfig.CpuShares }),
    ...(period > 0 && { period }),
    ...(quota > 0 && { quota }),
    ...(hostConfig.CpusetCpus !== '' && { cpus: hostConfig.CpusetCpus }),
    ...(hostConfig.CpusetMems !== '' && { mems: hostConfig.CpusetMems }),
  }
}
