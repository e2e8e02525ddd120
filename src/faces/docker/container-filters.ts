import { GalleyError } from '#base/error.ts'
import { momentOf } from '#base/moment.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container, Status } from '#engine/containers/model.ts'
import type { Tests } from './selection.ts'

const states: readonly Status[] = ['created', 'running', 'paused', 'restarting', 'exited', 'dead']
const healths = ['none', 'starting', 'healthy', 'unhealthy']

/** `docker ps --filter`. */
export const containerTests: Tests<Container, Engine> = {
  id: ({ id }, value) => id.startsWith(value),
  name: ({ name }, value) => expression('name', value.replace(/^(\^?)\//, '$1')).test(name),
  label: ({ config }, value) => hasLabel(config.Labels, value),
  'label!': ({ config }, value) => !hasLabel(config.Labels, value),
  status: ({ state }, value) => state.status === oneOf('status', value, states),
  exited: ({ state }, value) => state.status === 'exited' && state.exitCode === Number(value),
  ancestor: ({ image }, value, engine) => engine.images.isFrom(image, value),
  network: ({ hostConfig, endpoints }, value, engine) =>
    hostConfig.NetworkMode === value ||
    Object.hasOwn(endpoints, value) ||
    (value !== '' && Object.keys(endpoints).some((name) => engine.networks.find(name)?.id.startsWith(value))),
  volume: ({ mounts }, value) => mounts.some(({ name, source, destination }) => [name, source, destination].includes(value)),
  before: ({ created }, value, engine) => created < engine.containers.get(value).created,
  since: ({ created }, value, engine) => created > engine.containers.get(value).created,
  publish: ({ ports }, value) => ports.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`).some(within('publish', value)),
  expose: ({ config, hostConfig }, value) =>
    [...Object.keys(config.ExposedPorts), ...Object.keys(hostConfig.PortBindings)].some(within('expose', value)),
  health: ({ state }, value) => (state.health?.status ?? 'none') === oneOf('health', value, healths),
  'is-task': (_, value) => value === 'false',
  until: ({ created }, value, engine) => created < momentOf(value, engine.clock.now()),
}

/** A value among those that a filter knows. Throws `invalid`. */
function oneOf(name: string, value: string, known: readonly string[]): string {
  if (!known.includes(value)) throw wrong(name, value)
  return value
}

function expression(name: string, text: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    throw wrong(name, text)
  }
}

/** Tests a container's port, as `80/tcp`, for `port[-port][/protocol]`; TCP when it doesn't say. Throws `invalid`. */
function within(name: string, value: string): (port: string) => boolean {
  const [, first, last = first, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(value) ?? []
  if (first === undefined) throw wrong(name, value)
  return (port) => {
    const [number, own = 'tcp'] = port.split('/')
    return own === protocol && Number(number) >= Number(first) && Number(number) <= Number(last)
  }
}

function wrong(name: string, value: string): GalleyError {
  return new GalleyError('invalid', `invalid filter '${name}=${value}'`, { subject: value })
}

export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [key = '', value] = wanted.split(/=(.*)/s)
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}
