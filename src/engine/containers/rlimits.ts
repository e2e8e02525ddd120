import { readFileSync } from 'node:fs'
import type { HostConfig } from './model.ts'

type Ulimit = NonNullable<HostConfig['Ulimits']>[number]

/** Rows of /proc/self/limits by the names of getrlimit(2). */
const rows: Readonly<Record<string, string>> = {
  cpu: 'Max cpu time',
  fsize: 'Max file size',
  data: 'Max data size',
  stack: 'Max stack size',
  core: 'Max core file size',
  rss: 'Max resident set',
  nproc: 'Max processes',
  nofile: 'Max open files',
  memlock: 'Max locked memory',
  as: 'Max address space',
  locks: 'Max file locks',
  sigpending: 'Max pending signals',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
}

/** Hard limits of this process; some hosts withhold from root the right to raise them (CAP_SYS_RESOURCE). */
function hostLimit(name: string): number {
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((row) => row.startsWith(`${rows[name.toLowerCase()]} `))
  const hard = line?.slice(26).trim().split(/\s+/)[1]
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard)
}

function mayRaise(): boolean {
  const CAP_SYS_RESOURCE = 24n
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${mask}`) >> CAP_SYS_RESOURCE) & 1n) === 1n
}

/** -1 is "no limit", as in setrlimit(2). */
function asNumber(value: number): number {
  return value < 0 ? Infinity : value
}

/** A limit as far as this host lets a container have it. */
export function granted({ Name, Soft, Hard }: Ulimit): Ulimit {
  const most = mayRaise() ? Infinity : hostLimit(Name)
  const clamp = (value: number): number => (asNumber(value) <= most ? value : most)
  return { Name, Soft: clamp(Soft), Hard: clamp(Hard) }
}

/** The `process.rlimits` section (runtime-spec, config.md). */
export function rlimitsFor({ Ulimits }: HostConfig): object[] {
  return (Ulimits ?? []).map(granted).map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: unsigned(Soft),
    hard: unsigned(Hard),
  }))
}

/** The runtime takes 64 bits without a sign; this is its "no limit", written so that JSON keeps it exact. */
function unsigned(value: number): number {
  return value < 0 || value === Infinity ? Number.MAX_SAFE_INTEGER : value
}
