import { isIP } from 'node:net'
import { invalidAt, plainText, type Node, type Scalar } from '../tree.ts'
import { fields } from './short-forms.ts'

/** `[ADDRESS:][HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]`; an IPv6 address stands in brackets. */
const short =
  /^(?:(?:(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.%\w]*\]|localhost)?:)?(?:(\d+)(?:-(\d+))?)?:)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i

/** One entry of `ports` in its long form; a range gives several. Throws `invalid`. */
export function asPorts(item: Node): Node[] {
  if (item.kind !== 'scalar' || item.value === null) return [item]
  const text = plainText(item)
  const match = short.exec(text)
  if (match === null) throw invalidAt(item.at, `invalid port "${text}"`, 'Write it as "HOST:CONTAINER", in quotes.')
  const [, address = '', hostFirst, hostLast = hostFirst, first = '', last = first, protocol = 'tcp'] = match
  const ip = address === 'localhost' ? '127.0.0.1' : address.replaceAll(/[[\]]/g, '')
  if (ip !== '' && isIP(ip) === 0) throw invalidAt(item.at, `invalid port "${text}": ${ip} is no address`)
  return expand(item, {
    ip,
    host: hostFirst === undefined ? undefined : [Number(hostFirst), Number(hostLast)],
    container: [Number(first), Number(last)],
    protocol: protocol.toLowerCase(),
  })
}

interface Ranges {
  readonly ip: string
  readonly host: readonly [number, number] | undefined
  readonly container: readonly [number, number]
  readonly protocol: string
}

/** Ranges of one length go together; from a longer range of host ports, the engine chooses for a single container port. */
function expand(written: Scalar, { ip, host, container: [first, last], protocol }: Ranges): Node[] {
  const { at } = written
  const count = last - first + 1
  const width = host === undefined ? count : host[1] - host[0] + 1
  const fits = width === count || (count === 1 && width > 1)
  if (count < 1 || !fits || [first, last, ...(host ?? [])].some((port) => port > 65_535) || first === 0)
    throw invalidAt(at, `invalid port range ${plainText(written)}, whose sides differ in length or are not between 1 and 65535`)
  return Array.from({ length: count }, (_, index) => {
    const published = host === undefined ? undefined : width === count ? String(host[0] + index) : `${host[0]}-${host[1]}`
    return fields(at, { mode: 'ingress', host_ip: ip === '' ? undefined : ip, target: first + index, published, protocol })
  })
}
