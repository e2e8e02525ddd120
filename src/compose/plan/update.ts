import type { Service, UpdateConfig } from '#compose/model/model.ts'
import type { ObservedContainer, Update } from './step.ts'

/** Why a service can't run twice for a moment, and what would let it. */
interface Obstacle {
  readonly why: string
  readonly advice: string
}

/**
 * How the next container of a service takes the place of `old`. Seamlessly where two of them may run at once and the next one tells
 * when it is ready; where data, an address or a name of the host would be shared, the old one stops first. `update_config` wins, but
 * for what can't be had twice. `sharedBy` are the services that live in its namespaces, `renewed` is a network of its that is made anew.
 */
export function updateOf(
  service: Service,
  old: ObservedContainer,
  { sharedBy = [], renewed }: { readonly sharedBy?: readonly string[]; readonly renewed?: string | undefined } = {},
): Update {
  const config = service.deploy?.updateConfig ?? {}
  const ports = readyPorts(service, old)
  const checked = isChecked(service, old)
  const data = dataObstacle(service, old)
  const place = old.running ? (renewalObstacle(renewed) ?? sharingObstacle(sharedBy) ?? placeObstacle(service, old)) : undefined
  const obstacle = place ?? data ?? (checked || ports.length > 0 ? undefined : noSignal)
  const wished = config.order ?? (obstacle === undefined ? 'start-first' : 'stop-first')
  const order = old.running && place === undefined ? wished : 'stop-first'
  return {
    order,
    back: place === undefined ? (service.deploy?.rollbackConfig?.order ?? order) : 'stop-first',
    // A version that has had the data in its hands is not taken back, unless that is asked for.
    verify: order === 'start-first' || config.failureAction === 'rollback' || (data === undefined && checked),
    note: old.running ? noteOf(service, order, { config, obstacle, data }) : '',
    delay: milliseconds(config.delay),
    monitor: milliseconds(config.monitor),
    ports,
  }
}

function noteOf(
  { name }: Service,
  order: Update['order'],
  {
    config,
    obstacle,
    data,
  }: { readonly config: UpdateConfig; readonly obstacle: Obstacle | undefined; readonly data: Obstacle | undefined },
): string {
  if (order === 'start-first')
    return data === undefined ? '' : `${name} runs twice for a moment, as update_config.order asks, although it ${data.why}.`
  if (obstacle === undefined || config.order === 'stop-first') return ''
  return `${name} stops before its next version starts: ${obstacle.why}. ${obstacle.advice}`
}

/** Ports inside that tell that a container is ready: published ones, those that it says it exposes, those that the old one listens on. */
function readyPorts({ ports, expose }: Service, { listens }: ObservedContainer): number[] {
  const published = ports.filter(({ protocol }) => protocol === 'tcp').map(({ target }) => target)
  const exposed = expose.filter((port) => !port.endsWith('/udp')).map((port) => Number.parseInt(port, 10))
  if (published.length > 0) return [...new Set(published)]
  const heard = exposed.filter((port) => listens.includes(port))
  return heard.length > 0 ? heard : [...listens]
}

/** Two at once on the same data corrupt it. */
function dataObstacle({ mounts }: Service, { anonymousVolumes }: ObservedContainer): Obstacle | undefined {
  const written = mounts.find(({ type, readOnly }) => (type === 'volume' || type === 'bind') && !readOnly)
  if (written !== undefined) {
    const what = written.type === 'bind' ? `writes to ${written.source}` : `writes to the volume ${written.source || written.target}`
    return { why: what, advice: 'A mount that is only read (:ro) does not stand in the way.' }
  }
  const [path] = anonymousVolumes
  if (path === undefined) return undefined
  return { why: `keeps data in its image's volume at ${path}`, advice: `Data that may be lost goes to a tmpfs at ${path}.` }
}

/** What only one container at a time can have. */
function placeObstacle({ networks, options, ports }: Service, { published }: ObservedContainer): Obstacle | undefined {
  const fixed = Object.values(networks).flatMap(
    ({ ipv4Address, ipv6Address, macAddress, linkLocalIps }) => ipv4Address ?? ipv6Address ?? macAddress ?? linkLocalIps?.[0] ?? [],
  )
  if (fixed[0] !== undefined)
    return { why: `has the fixed address ${fixed[0]}`, advice: "Others find it by its service's name: leave the address out." }
  const mode = String(options.hostConfig['NetworkMode'] ?? '')
  if (mode !== '' && mode !== 'bridge')
    return { why: `has no network of its own (network_mode: ${mode})`, advice: 'Publish its ports instead.' }
  const moved = ports.find((port) => published.some(({ hostIp, hostPort }) => hostPort === port.published && !isSame(hostIp, port.hostIp)))
  if (moved !== undefined)
    return { why: `port ${moved.published} moves to another address of the host`, advice: 'The next update is seamless again.' }
  return undefined
}

function renewalObstacle(network: string | undefined): Obstacle | undefined {
  if (network === undefined) return undefined
  return { why: `its network ${network} is made anew`, advice: 'The next update is seamless again.' }
}

function sharingObstacle([other]: readonly string[]): Obstacle | undefined {
  if (other === undefined) return undefined
  return { why: `${other} lives in its namespaces`, advice: `A network of its own for ${other} would let both be updated without a gap.` }
}

function isSame(held: string, wished: string): boolean {
  return held === wished || (wished === '' && ['0.0.0.0', '::'].includes(held))
}

function isChecked({ healthcheck }: Service, { checked }: ObservedContainer): boolean {
  return healthcheck === undefined ? checked : healthcheck.test[0] !== 'NONE'
}

const noSignal: Obstacle = {
  why: 'nothing tells when it is ready',
  advice: 'Give it a healthcheck, which also says that two of it may run for a moment.',
}

/** Of nanoseconds; 0 when absent. */
function milliseconds(time = 0): number {
  return time / 1e6
}
