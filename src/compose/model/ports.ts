import { defined, fieldsOf, integerOf, textOf, wordOf } from './decode.ts'
import { asPorts } from './language/ports.ts'
import type { PortMapping } from './model.ts'
import { invalidAt, scalar, type Node } from './tree.ts'

/** One typed entry of `ports`. Throws `invalid`. */
export function decodePort(node: Node): PortMapping {
  const field = fieldsOf(node, 'ports')
  const target = integerOf(field('target'), 'ports.target')
  if (target === undefined) throw invalidAt(node.at, 'a port needs a target')
  const text = textOf(field('published'), 'ports.published') ?? ''
  const range = /^(\d+)(?:-(\d+))?$/.exec(text)
  if (range === null && text !== '') throw invalidAt(node.at, 'ports.published must be a port, or a range of them')
  const [published, last] = [range?.[1], range?.[2]].map((port) => (port === undefined ? undefined : Number(port)))
  // One machine has no routing mesh: `host` and `ingress` publish alike, as in Docker Compose.
  wordOf(field('mode'), ['host', 'ingress'], 'ports.mode')
  return {
    target,
    hostIp: textOf(field('host_ip'), 'ports.host_ip') ?? '',
    protocol: wordOf(field('protocol'), ['tcp', 'udp', 'sctp'], 'ports.protocol') ?? 'tcp',
    at: node.at,
    ...defined({
      published,
      publishedLast: last === published ? undefined : last,
      name: textOf(field('name'), 'ports.name'),
      appProtocol: textOf(field('app_protocol'), 'ports.app_protocol'),
    }),
  }
}

/** What `--publish` says, in the short form of `ports`. Throws `invalid`. */
export function portsIn(text: string): PortMapping[] {
  return asPorts(scalar(text, { file: '--publish', line: 1, column: 1 })).map(decodePort)
}
