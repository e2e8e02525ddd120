import { existsSync, readdirSync } from 'node:fs'
import type { HostConfig } from './model.ts'

/** As Docker's defaults (moby, oci/defaults.go). */
const masked = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

type PathWishes = Pick<HostConfig, 'Privileged' | 'MaskedPaths' | 'ReadonlyPaths'>

const processors = '/sys/devices/system/cpu'
let throttles: readonly string[] | undefined

/** The `linux.maskedPaths` and `linux.readonlyPaths`, which show or change the host; none is hidden from a privileged container. */
export function hiddenPaths({ Privileged, MaskedPaths, ReadonlyPaths }: PathWishes): object {
  if (Privileged) return {}
  const shown = shownPaths({ Privileged, MaskedPaths, ReadonlyPaths })
  return { maskedPaths: shown.MaskedPaths, readonlyPaths: shown.ReadonlyPaths }
}

/** What `inspect` shows of them: a privileged container has none of the defaults. */
export function shownPaths({ Privileged, MaskedPaths, ReadonlyPaths }: PathWishes): Pick<HostConfig, 'MaskedPaths' | 'ReadonlyPaths'> {
  const shown = (given: string[] | null, usual: readonly string[]): string[] | null => given ?? (Privileged ? null : [...usual])
  return { MaskedPaths: shown(MaskedPaths, [...masked, ...throttleCounters()]), ReadonlyPaths: shown(ReadonlyPaths, readonly) }
}

/** How often each processor ran hot tells what its other users do (GHSA-6fw5-f8r9-fgfm). Not every machine counts. */
function throttleCounters(): readonly string[] {
  return (throttles ??= readdirSync(processors)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${processors}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path)))
}
