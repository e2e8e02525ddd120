import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { GalleyError } from '#base/error.ts'
import { hasControl } from '#host/cgroup/files.ts'
import { cgroupTree } from '#host/cgroup/tree.ts'
import { checkApparmor } from './apparmor.ts'
import type { HostConfig } from './model.ts'

export const hostWithLinks = "conflicting options: host type networking can't be used with links. This would result in undefined behavior"

const smallestMemory = 6 << 20

interface Rule {
  readonly broken: (given: HostConfig) => boolean
  readonly message: (given: HostConfig) => string
  readonly advice?: string
}

/** Checks values that the kernel or Docker would not take. Throws `invalid`, worded as Docker words it, as clients match on it. */
export function checkHostConfig(given: HostConfig): void {
  for (const { broken, message, advice } of [...memory, ...cpu, ...rest, ...modes])
    if (broken(given)) throw new GalleyError('invalid', message(given), { ...(advice !== undefined && { advice }) })
  checkSets(given)
  checkSecurity(given.SecurityOpt)
  checkApparmor(given)
}

const memory: readonly Rule[] = [
  {
    broken: ({ Memory }) => Memory !== 0 && Memory < smallestMemory,
    message: () => 'Minimum memory limit allowed is 6MB',
    advice: 'A number alone means bytes: write 512m, or 2g.',
  },
  {
    broken: ({ Memory, MemorySwap }) => Memory === 0 && MemorySwap > 0,
    message: () => 'You should always set the Memory limit when using Memoryswap limit, see usage',
  },
  {
    broken: ({ Memory, MemorySwap }) => MemorySwap > 0 && MemorySwap < Memory,
    message: () => 'Minimum memoryswap limit should be larger than memory limit, see usage',
  },
  {
    broken: ({ MemorySwappiness: value }) => value !== null && (value < -1 || value > 100),
    message: ({ MemorySwappiness }) => `Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`,
  },
  {
    broken: ({ MemoryReservation }) => MemoryReservation !== 0 && MemoryReservation < smallestMemory,
    message: () => 'Minimum memory reservation allowed is 6MB',
  },
  {
    broken: ({ Memory, MemoryReservation }) => Memory > 0 && MemoryReservation > Memory,
    message: () => 'Minimum memory limit can not be less than memory reservation limit, see usage',
  },
  { broken: ({ ShmSize }) => ShmSize < 0, message: () => 'SHM size can not be less than 0' },
  {
    broken: ({ OomScoreAdj: value }) => value < -1000 || value > 1000,
    message: ({ OomScoreAdj }) => `Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`,
  },
]

const cpu: readonly Rule[] = [
  {
    broken: ({ NanoCpus, CpuPeriod }) => NanoCpus > 0 && CpuPeriod > 0,
    message: () => 'Conflicting options: Nano CPUs and CPU Period cannot both be set',
  },
  {
    broken: ({ NanoCpus, CpuQuota }) => NanoCpus > 0 && CpuQuota > 0,
    message: () => 'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
  },
  {
    broken: ({ NanoCpus }) => NanoCpus < 0 || NanoCpus > availableParallelism() * 1e9,
    message: () => {
      const count = availableParallelism()
      return `range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`
    },
  },
  {
    broken: ({ CpuPeriod: value }) => value !== 0 && (value < 1000 || value > 1_000_000),
    message: () => 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  },
  {
    broken: ({ CpuRealtimePeriod, CpuRealtimeRuntime }) => (CpuRealtimePeriod !== 0 || CpuRealtimeRuntime !== 0) && !hasRealtime(),
    message: () => 'Your kernel does not support CPU real-time scheduler',
  },
  {
    broken: ({ CpuQuota: value }) => value > 0 && value < 1000,
    message: () => 'CPU cfs quota can not be less than 1ms (i.e. 1000)',
  },
  {
    broken: ({ CpuShares }) => CpuShares < 0,
    message: ({ CpuShares }) => `invalid CPU shares (${CpuShares}): value must be a positive integer`,
  },
]

const rest: readonly Rule[] = [
  {
    broken: ({ BlkioWeight: value }) => value !== 0 && (value < 10 || value > 1000),
    message: () => 'Range of blkio weight is from 10 to 1000',
  },
  {
    broken: ({ RestartPolicy: { Name } }) => !['no', 'always', 'unless-stopped', 'on-failure'].includes(Name),
    message: ({ RestartPolicy }) =>
      `invalid restart policy: unknown policy '${RestartPolicy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
  },
  {
    broken: ({ RestartPolicy: { Name, MaximumRetryCount: count } }) => count > 0 && Name !== 'on-failure',
    message: () => "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  },
  {
    broken: ({ RestartPolicy }) => RestartPolicy.MaximumRetryCount < 0,
    message: () => 'invalid restart policy: maximum retry count cannot be negative',
  },
  {
    broken: ({ AutoRemove, RestartPolicy }) => AutoRemove && RestartPolicy.Name !== 'no',
    message: () => "can't create 'AutoRemove' container with restart policy",
  },
  {
    broken: ({ Annotations }) => Object.hasOwn(Annotations, ''),
    message: () => 'invalid Annotations: the empty string is not permitted as an annotation key',
  },
]

const modes: readonly Rule[] = [
  {
    broken: ({ PidMode }) => !/^(|host|container:.+)$/.test(PidMode),
    message: ({ PidMode }) => `invalid PID mode: ${PidMode}`,
  },
  {
    broken: ({ IpcMode }) => !/^(none|private|shareable|host|container:.+)$/.test(IpcMode),
    message: ({ IpcMode }) => `invalid IPC mode: ${IpcMode}`,
  },
  { broken: ({ UTSMode }) => !['', 'host'].includes(UTSMode), message: ({ UTSMode }) => `invalid UTS mode: ${UTSMode}` },
  {
    broken: ({ CgroupnsMode }) => !['', 'host', 'private'].includes(CgroupnsMode),
    message: ({ CgroupnsMode }) => `invalid cgroup namespace mode: ${CgroupnsMode}`,
  },
  {
    broken: ({ NetworkMode, Links }) => Links.length > 0 && NetworkMode === 'host',
    message: () => hostWithLinks,
  },
  {
    broken: ({ NetworkMode, Links }) => Links.length > 0 && NetworkMode.startsWith('container:'),
    message: () => "conflicting options: container type network can't be used with links. This would result in undefined behavior",
  },
]

/** Few kernels are built with it, and version 2 has no such limit. */
function hasRealtime(): boolean {
  return cgroupTree().version === 1 && hasControl(cgroupTree().directory('cpu', ''), 'cpu.rt_runtime_us')
}

/** `0-1,3`, for CPUs and memory nodes. */
function checkSets({ CpusetCpus, CpusetMems }: HostConfig): void {
  const count = availableParallelism()
  for (const [kind, text] of [
    ['cpus', CpusetCpus],
    ['mems', CpusetMems],
  ] as const) {
    if (text === '') continue
    if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) throw new GalleyError('invalid', `Invalid value ${text} for cpuset ${kind}`)
    const available = kind === 'mems' ? memoryNodes() : count === 1 ? '0' : `0-${count - 1}`
    const last = Math.max(...available.split(/[,-]/).map(Number))
    if (text.split(/[,-]/).every((one) => Number(one) <= last)) continue
    throw new GalleyError(
      'invalid',
      kind === 'mems'
        ? `Requested memory nodes are not available - requested ${text}, available: ${available}`
        : `Requested CPUs are not available - requested ${text}, available: ${available}`,
    )
  }
}

/** Those that this process may use, and so its children (proc_pid_status(5)). */
function memoryNodes(): string {
  return /^Mems_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
}

/** Confinement by a security module counts as asked for and not given; switching it off is what happens anyway. */
function checkSecurity(options: readonly string[]): void {
  for (const option of options) {
    const [name = '', value] = option.split(/[=:](.*)/s)
    if (name === 'no-new-privileges' && [undefined, 'true', 'false'].includes(value)) continue
    if (name === 'writable-cgroups' && [undefined, 'true', 'false'].includes(value)) continue
    if (value === undefined) throw new GalleyError('invalid', `invalid --security-opt 1: "${option}"`)
    if (name === 'seccomp' || name === 'apparmor' || (name === 'label' && value === 'disable')) continue
    if (name === 'label')
      throw new GalleyError(
        'not implemented',
        `--security-opt ${option} is not implemented by Galley: it confines by seccomp and capabilities`,
      )
    throw new GalleyError('invalid', `invalid --security-opt 2: "${option}"`)
  }
}
