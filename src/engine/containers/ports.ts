import { GalleyError } from '#base/error.ts'
import type { Container, PortBinding, PublishedPort } from './model.ts'

/** The ports that a container's configuration asks to publish. Throws `invalid`, `not implemented` (SCTP). */
export function portsOf({ config, hostConfig }: Pick<Container, 'config' | 'hostConfig'>): PublishedPort[] {
  const bindings = { ...hostConfig.PortBindings }
  if (hostConfig.PublishAllPorts) for (const port of Object.keys(config.ExposedPorts)) bindings[port] ??= [{ HostIp: '', HostPort: '' }]
  return Object.entries(bindings).flatMap(([port, hosts]) => {
    const [number = '', protocol = 'tcp'] = port.split('/')
    if (protocol !== 'tcp' && protocol !== 'udp')
      throw new GalleyError('not implemented', `publishing ${port} is not implemented by Galley`, { subject: port })
    const containerPort = portNumber(number, port)
    if (containerPort === 0) throw badPort(port)
    // A port with an empty list of bindings gets one that the engine chooses.
    const wished = hosts === null || hosts.length === 0 ? [{ HostIp: '', HostPort: '' }] : hosts
    return wished.map((binding) => ({ ...hostPorts(binding), containerPort, protocol }))
  })
}

/** `HostPort` is a number, a range to choose one from, or empty for any. An empty `HostIp` means every address. */
function hostPorts({ HostIp, HostPort }: PortBinding): Pick<PublishedPort, 'hostIp' | 'hostPort' | 'hostPortEnd'> {
  const [first = '', last] = HostPort.split('-')
  const hostPort = first === '' ? 0 : portNumber(first, HostPort)
  const hostIp = HostIp.replace(/^\[(.*)\]$/, '$1')
  if (last === undefined) return { hostIp, hostPort }
  const hostPortEnd = portNumber(last, HostPort)
  if (hostPortEnd < hostPort) throw badPort(HostPort)
  return { hostIp, hostPort, hostPortEnd }
}

function portNumber(text: string, whole: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= 65_535) return number
  throw badPort(whole)
}

function badPort(text: string): GalleyError {
  return new GalleyError('invalid', `invalid port specification: "${text}"`, { subject: text })
}
