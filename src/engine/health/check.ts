import { GalleyError } from '#base/error.ts'
import type { ContainerConfig, Health, Healthcheck } from '#engine/containers/model.ts'

/** A container's check, complete. Times in milliseconds. */
export interface Check {
  readonly command: readonly string[]
  readonly interval: number
  readonly timeout: number
  /** After a start, for so long failures do not count, and the check runs every `startInterval`. */
  readonly startPeriod: number
  readonly startInterval: number
  /** How many failures in a row make it unhealthy. */
  readonly retries: number
}

const nanoseconds = 1e6
/** moby, daemon/health.go. */
const defaults = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5_000, retries: 3 } as const

/** The check of a container's configuration; undefined when it has none or was told to have none. */
export function checkOf({ Healthcheck: given, Shell }: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>): Check | undefined {
  const [kind, ...words] = given?.Test ?? []
  if (given === undefined || kind === undefined || kind === 'NONE') return undefined
  const milliseconds = (value: number | undefined, fallback: number): number => (value ? value / nanoseconds : fallback)
  return {
    command: kind === 'CMD-SHELL' ? [...(Shell ?? ['/bin/sh', '-c']), words.join(' ')] : words,
    interval: milliseconds(given.Interval, defaults.interval),
    timeout: milliseconds(given.Timeout, defaults.timeout),
    startPeriod: milliseconds(given.StartPeriod, defaults.startPeriod),
    startInterval: milliseconds(given.StartInterval, defaults.startInterval),
    retries: given.Retries || defaults.retries,
  }
}

/** The client's check under the image's: what the client left empty comes from there. Throws `invalid`. */
export function mergeHealthcheck(given: Healthcheck | undefined, image: Healthcheck | undefined): Healthcheck | undefined {
  if (given !== undefined) validate(given)
  if (given === undefined) return image
  // Older clients write null for what they leave open.
  const filled = Object.entries(given).filter(
    ([, value]: [string, unknown]) => value !== null && value !== 0 && !(Array.isArray(value) && value.length === 0),
  )
  return { ...image, ...Object.fromEntries(filled) }
}

function validate(given: Healthcheck): void {
  const [kind, ...words] = given.Test ?? []
  if (kind !== undefined && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind))
    throw new GalleyError('invalid', `Unknown type '${kind}' in Healthcheck: a test starts with NONE, CMD or CMD-SHELL`, { subject: kind })
  if ((kind === 'CMD' || kind === 'CMD-SHELL') && words.length === 0)
    throw new GalleyError('invalid', `Healthcheck of type ${kind} names no command`, { subject: kind })
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = given[name] ?? 0
    if (value !== 0 && value < nanoseconds)
      throw new GalleyError('invalid', `${name} in Healthcheck cannot be less than 1ms`, { subject: name })
  }
  if ((given.Retries ?? 0) < 0) throw new GalleyError('invalid', 'Retries in Healthcheck cannot be negative', { subject: 'Retries' })
}

/** What a container that has just been started is known to be; undefined for one without a check. */
export function initialHealth(config: ContainerConfig): Health | undefined {
  return checkOf(config) === undefined ? undefined : { status: 'starting', failingStreak: 0, log: [] }
}
