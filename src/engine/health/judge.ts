import type { Health, Probe } from '#engine/containers/model.ts'
import type { Check } from './check.ts'

/** How many runs of the check are kept. */
const kept = 5

/** A container's health after one more run of its check (moby, daemon/health.go: handleProbeResult). */
export function judge(health: Health, probe: Probe, { check, startedAt }: { readonly check: Check; readonly startedAt: number }): Health {
  const log = [...health.log, probe].slice(-kept)
  if (probe.exitCode === 0) return { status: 'healthy', failingStreak: 0, log }
  if (health.status === 'starting' && probe.start - startedAt < check.startPeriod) return { ...health, log }
  const failingStreak = health.failingStreak + 1
  return { status: failingStreak >= check.retries ? 'unhealthy' : health.status, failingStreak, log }
}

/** Milliseconds until the check runs next. */
export function nextIn(health: Health, now: number, { check, startedAt }: { readonly check: Check; readonly startedAt: number }): number {
  const starting = health.status === 'starting' && now - startedAt < check.startPeriod
  return starting ? check.startInterval : check.interval
}
