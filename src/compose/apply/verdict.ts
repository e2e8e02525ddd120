import type { ContainerView } from './world.ts'

/** When a started service counts as up, and when as failed. */
export interface Limits {
  /** Milliseconds that a service without a port and without a health check must run. */
  readonly steady: number
  /**
   * Milliseconds for which a published port that answers nothing must be listened on: servers open it seconds before they know
   * whether they can serve, and some protocols let the client speak first.
   */
  readonly silent: number
  /** Ends of its process after which a service that is started again and again counts as failed. */
  readonly restarts: number
  /** Milliseconds after which a service that is not up counts as failed. */
  readonly timeout: number
}

/**
 * Milliseconds for which a program may listen on its own loopback alone, at the port that is published: some do so while
 * they begin, but whoever does it that long does it for good.
 */
const insideAlone = 30_000

export const defaultLimits: Limits = { steady: 3000, silent: 10_000, restarts: 3, timeout: 180_000 }

export interface Observation {
  readonly container: ContainerView | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds since the wait began. */
  readonly elapsed: number
  /** How often its process ended since what it depends on was up. */
  readonly ends: number
  /** How its published TCP ports do; undefined when it publishes none. */
  readonly port: PortState | undefined
}

export type PortState =
  /** `inside`: since then (milliseconds since the epoch) it is listened on, for the container itself alone. */
  | { readonly state: 'closed'; readonly inside?: number }
  /** Listened on since then (milliseconds since the epoch), which some programs do long before they can serve. */
  | { readonly state: 'open'; readonly since: number }
  | { readonly state: 'answers' }

export interface Verdict {
  readonly state: 'waiting' | 'up' | 'completed' | 'failed'
  readonly text: string
}

/** How far a service is. */
export function judge({ container, now, elapsed, ends, port }: Observation, limits: Limits): Verdict {
  if (container === undefined) return { state: 'failed', text: 'its container is gone' }
  const { status, exitCode, health, startedAt } = container
  if (status === 'exited' || status === 'dead') {
    const ended = exitCode === 0 && container.restartPolicy !== 'always' && container.restartPolicy !== 'unless-stopped'
    return ended ? { state: 'completed', text: 'ended with exit code 0' } : { state: 'failed', text: `ended with exit code ${exitCode}` }
  }
  if (ends >= limits.restarts) return { state: 'failed', text: `ended ${ends} times, last with exit code ${exitCode}` }
  // One that has ended counts as unhealthy, too, until it is started again.
  if (status === 'running') {
    if (health?.status === 'unhealthy') return { state: 'failed', text: 'its health check fails' }
    if (health?.status === 'healthy') return { state: 'up', text: 'healthy' }
    if (health === undefined && port?.state === 'answers') return { state: 'up', text: 'its port answers' }
    if (health === undefined && port?.state === 'open' && now - port.since >= limits.silent)
      return { state: 'up', text: 'its port is listened on' }
    if (health === undefined && port === undefined && now - startedAt >= limits.steady) return { state: 'up', text: 'running' }
  }
  if (status === 'running' && health === undefined && port?.state === 'closed' && now - (port.inside ?? now) >= insideAlone)
    return { state: 'failed', text: lacking(container, port) }
  if (elapsed >= limits.timeout) return { state: 'failed', text: `not up after ${limits.timeout / 1000} s: ${lacking(container, port)}` }
  return {
    state: 'waiting',
    text: status === 'restarting' ? `ended with exit code ${exitCode}, starting again` : lacking(container, port),
  }
}

function lacking({ status, health }: ContainerView, port: PortState | undefined): string {
  if (status !== 'running') return status
  if (health !== undefined) return 'its health check has not passed yet'
  if (port?.state === 'closed')
    return port.inside !== undefined
      ? 'its port is listened on at 127.0.0.1 alone, where nobody outside gets'
      : 'nothing listens on its published port yet'
  return port?.state === 'open' ? 'its port is listened on, but does not answer yet' : 'running'
}

/** The limits as they are told on screen. */
export function limitsText({ steady, silent, restarts, timeout }: Limits): string {
  const up = `healthy, or its published port answers (a silent one: is listened on for ${silent / 1000} s; no port: runs for ${steady / 1000} s)`
  return `A service is up when it is ${up}; it has failed after ${restarts} ends or ${timeout / 1000} s.`
}
