import type { ContainerView } from './world.ts'

/** When a started service counts as up, and when as failed. */
export interface Limits {
  /** Milliseconds that a service without a port and without a health check must run. */
  readonly steady: number
  /** Ends of its process after which a service that is started again and again counts as failed. */
  readonly restarts: number
  /** Milliseconds after which a service that is not up counts as failed. */
  readonly timeout: number
}

export const defaultLimits: Limits = { steady: 3000, restarts: 3, timeout: 180_000 }

export interface Observation {
  readonly container: ContainerView | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds since the wait began. */
  readonly elapsed: number
  /** How often its process ended since what it depends on was up. */
  readonly ends: number
  /** Whether something listens on its published TCP ports; undefined when it publishes none. */
  readonly listening: boolean | undefined
}

export interface Verdict {
  readonly state: 'waiting' | 'up' | 'completed' | 'failed'
  readonly text: string
}

/** How far a service is. */
export function judge({ container, now, elapsed, ends, listening }: Observation, limits: Limits): Verdict {
  if (container === undefined) return { state: 'failed', text: 'its container is gone' }
  const { status, exitCode, health, startedAt } = container
  if (status === 'exited' || status === 'dead') {
    const ended = exitCode === 0 && container.restartPolicy !== 'always' && container.restartPolicy !== 'unless-stopped'
    return ended ? { state: 'completed', text: 'ended with exit code 0' } : { state: 'failed', text: `ended with exit code ${exitCode}` }
  }
  if (ends >= limits.restarts) return { state: 'failed', text: `ended ${ends} times, last with exit code ${exitCode}` }
  if (health?.status === 'unhealthy') return { state: 'failed', text: 'its health check fails' }
  if (status === 'running') {
    if (health?.status === 'healthy') return { state: 'up', text: 'healthy' }
    if (health === undefined && listening === true) return { state: 'up', text: 'its port is listened on' }
    if (health === undefined && listening === undefined && now - startedAt >= limits.steady) return { state: 'up', text: 'running' }
  }
  if (elapsed >= limits.timeout)
    return { state: 'failed', text: `not up after ${limits.timeout / 1000} s: ${lacking(container, listening)}` }
  return {
    state: 'waiting',
    text: status === 'restarting' ? `ended with exit code ${exitCode}, starting again` : lacking(container, listening),
  }
}

function lacking({ status, health }: ContainerView, listening: boolean | undefined): string {
  if (status !== 'running') return status
  if (health !== undefined) return 'its health check has not passed yet'
  return listening === false ? 'nothing listens on its published port yet' : 'running'
}

/** The limits as they are told on screen. */
export function limitsText({ steady, restarts, timeout }: Limits): string {
  return `A service is up when it is healthy, its published port is listened on, or it has run for ${steady / 1000} s; it has failed after ${restarts} ends or ${timeout / 1000} s.`
}
