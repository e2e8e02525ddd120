import { GalleyError } from '#base/error.ts'

const numbers = {
  memory: 'Memory',
  memswap: 'MemorySwap',
  cpushares: 'CpuShares',
  cpuperiod: 'CpuPeriod',
  cpuquota: 'CpuQuota',
  'shm-size': 'ShmSize',
} as const
const texts = { cpusetcpus: 'CpusetCpus', cpusetmems: 'CpusetMems', 'cgroup-parent': 'CgroupParent' } as const

type LimitName = keyof typeof numbers | keyof typeof texts

/** Limits of steps, as a `HostConfig` has them, from what a client gives by these names; 0 and nothing are no limit. Throws `invalid`. */
export function limitsBy(given: (name: LimitName) => string | undefined): Record<string, number | string> {
  const limits: Record<string, number | string> = {}
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const value = Number(given(name) || 0)
    if (!Number.isSafeInteger(value)) throw new GalleyError('invalid', `invalid value for "${name}": ${given(name)}`, { subject: name })
    if (value !== 0) limits[numbers[name]] = value
  }
  for (const name of Object.keys(texts) as (keyof typeof texts)[]) {
    const value = given(name) ?? ''
    if (value !== '') limits[texts[name]] = value
  }
  return limits
}
