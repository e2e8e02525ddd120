import { checkKeys, integerOf, textOf, wordOf } from './decode.ts'
import type { PortMapping, Position } from './model.ts'
import { invalidAt, unsupportedAt, type Mapping, type Node } from './tree.ts'

/** `[ADDRESS:][HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]`; an IPv6 address stands in brackets. */
const short = /^(?:(?:(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]|localhost):)?(?:(\d+)(?:-(\d+))?)?:)?(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/

/** One entry of `ports`; ranges give several mappings. Throws `invalid`. */
export function decodePort(node: Node): PortMapping[] {
  if (node.kind === 'mapping') return decodeLong(node)
  const text = textOf(node, 'ports') ?? ''
  const match = short.exec(text)
  if (match === null) throw invalidAt(node.at, `invalid port "${text}"`, 'Write it as "HOST:CONTAINER", in quotes.')
  const [, address = '', hostFirst, hostLast = hostFirst, first = '', last = first, protocol = 'tcp'] = match
  return expand({
    hostIp: address.replaceAll(/[[\]]/g, ''),
    host: hostFirst === undefined ? undefined : [Number(hostFirst), Number(hostLast)],
    container: [Number(first), Number(last)],
    protocol: protocol as 'tcp' | 'udp',
    at: node.at,
  })
}

interface Ranges {
  readonly hostIp: string
  readonly host: readonly [number, number] | undefined
  readonly container: readonly [number, number]
  readonly protocol: 'tcp' | 'udp'
  readonly at: Position
}

function expand({ hostIp, host, container: [first, last], protocol, at }: Ranges): PortMapping[] {
  const count = last - first + 1
  const fits = host === undefined || host[1] - host[0] + 1 === count
  if (count < 1 || !fits || [first, last, ...(host ?? [])].some((port) => port > 65_535) || first === 0)
    throw invalidAt(at, 'invalid port range: both sides must be of one length, between 1 and 65535')
  return Array.from({ length: count }, (_, index) => ({
    target: first + index,
    ...(host !== undefined && { published: host[0] + index }),
    hostIp: hostIp === 'localhost' ? '127.0.0.1' : hostIp,
    protocol,
    at,
  }))
}

function decodeLong(node: Mapping): PortMapping[] {
  checkKeys(node, { known: ['target', 'published', 'host_ip', 'protocol', 'mode', 'name', 'app_protocol'], unsupported: [] }, 'ports')
  const field = (name: string): Node | undefined => node.entries.get(name)?.value
  const target = integerOf(field('target'), 'ports.target')
  if (target === undefined) throw invalidAt(node.at, 'a port needs a target')
  // One machine has no routing mesh: `host` and `ingress` publish alike, as in Docker Compose.
  wordOf(field('mode'), ['host', 'ingress'], 'ports.mode')
  const published = /^(\d+)(?:-(\d+))?$/.exec(textOf(field('published'), 'ports.published') ?? '')
  if (published === null && field('published') !== undefined && textOf(field('published'), 'ports.published') !== '')
    throw invalidAt(node.at, 'ports.published must be a port')
  if (published?.[2] !== undefined) throw unsupportedAt(node.at, 'a range of published ports for one target')
  return expand({
    hostIp: textOf(field('host_ip'), 'ports.host_ip') ?? '',
    host: published?.[1] === undefined ? undefined : [Number(published[1]), Number(published[1])],
    container: [target, target],
    protocol: wordOf(field('protocol'), ['tcp', 'udp'], 'ports.protocol') ?? 'tcp',
    at: node.at,
  })
}
