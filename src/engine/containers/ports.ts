import { GalleyError } from '#base/error.ts'
import type { Container, PublishedPort } from './model.ts'

/** The ports that a container's configuration asks to publish. Throws `invalid`, `not implemented` (SCTP). */
export function portsOf({ config, hostConfig }: Pick<Container, 'config' | 'hostConfig'>): PublishedPort[] {
  const bindings = { ...hostConfig.PortBindings }
  if (hostConfig.PublishAllPorts) for (const port of Object.keys(config.ExposedPorts)) bindings[port] ??= [{ HostIp: '', HostPort: '' }]
  return Object.entries(bindings).flatMap(([port, hosts]) => {
    const match = /^(\d+)(?:\/(tcp|udp))?$/.exec(port)
    if (match === null) throw new GalleyError('not implemented', `publishing ${port} is not implemented by Galley`, { subject: port })
    const containerPort = Number(match[1])
    const protocol = match[2] === 'udp' ? ('udp' as const) : ('tcp' as const)
    return hosts.map(({ HostIp, HostPort }) => ({ hostIp: HostIp || '0.0.0.0', hostPort: Number(HostPort || 0), containerPort, protocol }))
  })
}
