import { readdirSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { hasControl } from '#host/cgroup/files.ts'
import { cgroupTree } from '#host/cgroup/tree.ts'
import { readDevice } from '#host/files/device.ts'
import { deviceRules, type ContainerDevice } from './devices.ts'
import type { DeviceRate, HostConfig } from './model.ts'

/** The `linux.resources` section (runtime-spec, config-linux.md) from Docker's limits. Bytes, shares, microseconds. */
export function resourcesFor(hostConfig: HostConfig, devices: readonly ContainerDevice[]): object {
  return { devices: deviceRules(hostConfig, devices), ...limitsFor(hostConfig) }
}

/** Of the section, what can change while the container runs. */
function limitsFor(hostConfig: HostConfig): object {
  return {
    memory: memoryFor(hostConfig),
    cpu: cpuFor(hostConfig),
    ...(hostConfig.PidsLimit > 0 && { pids: { limit: hostConfig.PidsLimit } }),
    blockIO: blockFor(hostConfig),
  }
}

/** Without a swap limit of its own a container may swap as much as its memory, as in Docker; -1 is no limit. */
function memoryFor({ Memory, MemorySwap, MemoryReservation, MemorySwappiness, OomKillDisable }: HostConfig): object {
  const swap = MemorySwap !== 0 ? MemorySwap : Memory * 2
  const first = cgroupTree().version === 1
  return {
    ...(Memory > 0 && { limit: Memory, swap }),
    ...(MemoryReservation > 0 && { reservation: MemoryReservation }),
    ...(first && MemorySwappiness !== null && MemorySwappiness >= 0 && { swappiness: MemorySwappiness }),
    ...(first && OomKillDisable === true && { disableOOMKiller: true }),
  }
}

function cpuFor(hostConfig: HostConfig): object {
  const { period, quota } = cpuTime(hostConfig)
  return {
    ...(hostConfig.CpuShares > 0 && { shares: Math.min(Math.max(hostConfig.CpuShares, 2), 262_144) }),
    ...(period > 0 && { period }),
    ...(quota > 0 && { quota }),
    ...(hostConfig.CpuRealtimePeriod > 0 && { realtimePeriod: hostConfig.CpuRealtimePeriod }),
    ...(hostConfig.CpuRealtimeRuntime > 0 && { realtimeRuntime: hostConfig.CpuRealtimeRuntime }),
    ...(hostConfig.CpusetCpus !== '' && { cpus: hostConfig.CpusetCpus }),
    ...(hostConfig.CpusetMems !== '' && { mems: hostConfig.CpusetMems }),
  }
}

/** `--cpus` is a share of a tenth of a second. */
function cpuTime({ NanoCpus, CpuPeriod, CpuQuota }: HostConfig): { period: number; quota: number } {
  return NanoCpus > 0 ? { period: 100_000, quota: Math.max(1000, Math.round(NanoCpus / 10_000)) } : { period: CpuPeriod, quota: CpuQuota }
}

/** Kernels without a proportional I/O scheduler have no weights; `warnings.ts` tells so, as Docker does. */
export function hasBlockWeight(): boolean {
  const { version } = cgroupTree()
  const root = cgroupTree().directory(version === 1 ? 'blkio' : 'io', '')
  // The root of version 2 has no settings of its own.
  const groups = version === 1 || root === undefined ? [root] : readdirSync(root).map((name) => `${root}/${name}`)
  const files = ['blkio.weight', 'blkio.bfq.weight', 'io.bfq.weight', 'io.weight']
  return groups.some((group) => files.some((file) => hasControl(group, file)))
}

function blockFor(hostConfig: HostConfig): object {
  const weights = hasBlockWeight()
  return {
    ...(weights && hostConfig.BlkioWeight > 0 && { weight: hostConfig.BlkioWeight }),
    ...(weights &&
      hostConfig.BlkioWeightDevice.length > 0 && {
        weightDevice: hostConfig.BlkioWeightDevice.map(({ Path, Weight }) => ({ ...blockDevice(Path), weight: Weight })),
      }),
    ...throttle('throttleReadBpsDevice', hostConfig.BlkioDeviceReadBps),
    ...throttle('throttleWriteBpsDevice', hostConfig.BlkioDeviceWriteBps),
    ...throttle('throttleReadIOPSDevice', hostConfig.BlkioDeviceReadIOps),
    ...throttle('throttleWriteIOPSDevice', hostConfig.BlkioDeviceWriteIOps),
  }
}

function throttle(name: string, rates: readonly DeviceRate[]): object {
  return rates.length === 0 ? {} : { [name]: rates.map(({ Path, Rate }) => ({ ...blockDevice(Path), rate: Rate })) }
}

function blockDevice(path: string): { major: number; minor: number } {
  try {
    const device = readDevice(path)
    if (device?.type === 'b') return { major: device.major, minor: device.minor }
  } catch {
    // Told below, as for any other path that is no device.
  }
  throw new GalleyError('invalid', `no such block device: ${path}`, { subject: path })
}
