import { GalleyError } from '#base/error.ts'
import type { Engine } from './engine.ts'
import type { Container, Endpoint, PublishedPort } from './model.ts'

/** Gives a starting container its network namespace, addresses and published ports. */
export async function attachNetworks(
  engine: Engine,
  container: Container,
): Promise<{ namespace: string | undefined; endpoints: readonly Endpoint[] }> {
  const mode = container.hostConfig.NetworkMode
  if (mode === 'host') return { namespace: undefined, endpoints: [] }
  if (mode.startsWith('container:')) return { namespace: namespaceOf(engine, mode.slice('container:'.length)), endpoints: [] }
  const namespace = await engine.networks.createSandbox(container.id)
  if (mode === 'none') return { namespace, endpoints: [] }
  const endpoints: Endpoint[] = []
  for (const network of new Set([mode, ...Object.keys(container.endpoints).filter((name) => name !== 'default')])) {
    const wishes = container.endpoints[network] ?? {}
    const { IPAMConfig, Aliases, MacAddress } = wishes
    endpoints.push(
      await engine.networks.connect(container.id, network, {
        ...(IPAMConfig?.IPv4Address && { ipv4: IPAMConfig.IPv4Address }),
        ...(MacAddress && { macAddress: MacAddress }),
        aliases: [...(Aliases ?? []), container.name],
      }),
    )
  }
  container.addresses = endpoints
  const wanted = portsOf(container)
  container.ports =
    wanted.length === 0 || endpoints[0] === undefined
      ? []
      : [...(await engine.networks.publish(container.id, endpoints[0].ipAddress, wanted))]
  return { namespace, endpoints }
}

export async function leaveNetworks(engine: Engine, container: Container): Promise<void> {
  const mode = container.hostConfig.NetworkMode
  if (mode === 'host' || mode.startsWith('container:')) return
  if (container.ports.length > 0) await engine.networks.unpublish(container.id)
  container.ports = []
  container.addresses = []
  await engine.networks.destroySandbox(container.id)
}

function namespaceOf(engine: Engine, reference: string): string {
  const other = engine.containers.get(reference)
  if (other.state.status !== 'running') throw new GalleyError('conflict', `cannot join network of a non running container: ${other.id}`)
  return `/proc/${other.state.pid}/ns/net`
}

function portsOf({ config, hostConfig }: Container): PublishedPort[] {
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
