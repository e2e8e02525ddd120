import { listener } from '#engine/networks/ports.ts'
import type { Container } from '#engine/containers/model.ts'
import { containerThing } from './container.ts'
import type { Places, Thing } from './thing.ts'

type Protocol = 'tcp' | 'udp'

/** A port of this machine, as `:8080` or `:53/udp`; undefined for another word. */
export function portIn(word: string): { readonly port: number; readonly protocol: Protocol } | undefined {
  const [, port, protocol = 'tcp'] = /^:(\d{1,5})(?:\/(tcp|udp))?$/.exec(word) ?? []
  return port === undefined || Number(port) > 65_535 || Number(port) === 0
    ? undefined
    : { port: Number(port), protocol: protocol as Protocol }
}

/** Who has a port of this machine, and whether anybody answers behind it. */
export async function portThings(
  { port, protocol }: { readonly port: number; readonly protocol: Protocol },
  places: Places,
): Promise<Thing[]> {
  const containers = places.engine.containers.list()
  const subject = `Port ${port}/${protocol}`
  const holders = containers.flatMap((container) =>
    container.ports
      .filter((one) => one.hostPort === port && one.protocol === protocol)
      .map(({ hostIp, containerPort }) => ({ container, hostIp, containerPort })),
  )
  const [first] = holders
  if (first !== undefined) {
    const { container, containerPort } = first
    const addresses = [...new Set(holders.map(({ hostIp }) => hostIp))].join(', ')
    const text = `leads to port ${containerPort} of the container ${container.name}, from ${addresses}`
    return [{ subject, state: 'up', text, notes: [], findings: [] }, await containerThing(container, places)]
  }
  const process = listener({ hostIp: '0.0.0.0', hostPort: port, containerPort: 0, protocol })
  const wished = containers.filter((container) => wishes(container, port, protocol))
  return [
    {
      subject,
      state: process === undefined ? 'waiting' : 'up',
      text: process === undefined ? 'nobody has it' : `${process} has it, and no container of Galley`,
      notes: wished.map(({ name, state }) => `The container ${name} would publish it, but is ${state.status}: galley why ${name}`),
      findings: [],
    },
  ]
}

function wishes({ hostConfig }: Container, port: number, protocol: Protocol): boolean {
  return Object.entries(hostConfig.PortBindings).some(
    ([key, bindings]) => (key.split('/')[1] ?? 'tcp') === protocol && bindings.some(({ HostPort }) => Number(HostPort) === port),
  )
}
