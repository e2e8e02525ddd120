import type { Service } from '#compose/model/model.ts'
import type { ObservedContainer, Update } from './step.ts'

/** Why a service can't run twice for a moment, and what would let it. */
interface Obstacle {
  readonly why: string
  readonly advice: string
}

/**
 * How the next container of a service takes the place of `old`. Seamlessly where two of them may run at once and the next one tells
 * when it is ready; where data, an address or a name of the host would be shared, the old one stops first.
 */
export function updateOf(service: Service, old: ObservedContainer): Update {
  const ports = readyPorts(service, old)
  const obstacle = obstacleTo(service, old, ports)
  const usual = { delay: 0, monitor: 0, ports }
  if (obstacle === undefined) return { order: 'start-first', verify: true, why: '', ...usual }
  return { order: 'stop-first', verify: false, why: obstacle.why, advice: obstacle.advice, ...usual }
}

/** Ports inside that tell that a container is ready: published ones, those that it says it exposes, those that the old one listens on. */
function readyPorts({ ports, expose }: Service, { listens }: ObservedContainer): number[] {
  const published = ports.filter(({ protocol }) => protocol === 'tcp').map(({ target }) => target)
  const exposed = expose.filter((port) => !port.endsWith('/udp')).map((port) => Number.parseInt(port, 10))
  if (published.length > 0) return [...new Set(published)]
  const heard = exposed.filter((port) => listens.includes(port))
  return heard.length > 0 ? heard : [...listens]
}

function obstacleTo(service: Service, old: ObservedContainer, ports: readonly number[]): Obstacle | undefined {
  if (!old.running) return { why: 'it does not run', advice: '' }
  return dataObstacle(service, old) ?? placeObstacle(service, old) ?? signalObstacle(service, old, ports)
}

/** Two at once on the same data corrupt it. */
function dataObstacle({ mounts }: Service, { anonymousVolumes }: ObservedContainer): Obstacle | undefined {
  const written = mounts.find(({ type, readOnly }) => type !== 'tmpfs' && !readOnly)
  if (written !== undefined) {
    const what = written.type === 'bind' ? `writes to ${written.source}` : `writes to the volume ${written.source || written.target}`
    return { why: what, advice: 'A mount that is only read (:ro) does not stand in the way.' }
  }
  const [path] = anonymousVolumes
  if (path === undefined) return undefined
  return { why: `its image keeps data in a volume at ${path}`, advice: `Data that may be lost goes to a tmpfs at ${path}.` }
}

/** What only one container at a time can have. */
function placeObstacle({ networks, options, ports }: Service, { published }: ObservedContainer): Obstacle | undefined {
  const fixed = Object.entries(networks).find(([, { ipv4Address }]) => ipv4Address !== undefined)
  if (fixed !== undefined)
    return { why: `has the fixed address ${fixed[1].ipv4Address}`, advice: "Others find it by its service's name: leave the address out." }
  const mode = String(options.hostConfig['NetworkMode'] ?? '')
  if (mode !== '' && mode !== 'bridge')
    return { why: `has no network of its own (network_mode: ${mode})`, advice: 'Publish its ports instead.' }
  const moved = ports.find((port) => published.some(({ hostIp, hostPort }) => hostPort === port.published && !isSame(hostIp, port.hostIp)))
  if (moved !== undefined)
    return { why: `port ${moved.published} moves to another address of the host`, advice: 'The next update is seamless again.' }
  return undefined
}

function isSame(held: string, wished: string): boolean {
  return held === wished || (wished === '' && ['0.0.0.0', '::'].includes(held))
}

function signalObstacle({ healthcheck }: Service, { checked }: ObservedContainer, ports: readonly number[]): Obstacle | undefined {
  const checks = healthcheck === undefined ? checked : healthcheck.test[0] !== 'NONE'
  if (checks || ports.length > 0) return undefined
  return {
    why: 'nothing tells when it is ready',
    advice: 'Give it a healthcheck, which also says that two of it may run for a moment.',
  }
}
