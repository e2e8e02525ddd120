import { cleanPath } from './language/places.ts'
import { withValues } from './settings.ts'
import { fieldIn, isNull, mappingOf, mapValues, plainText, scalar, withField, type Mapping, type Node } from './tree.ts'
import type { Variables } from './variables.ts'

interface About {
  readonly name: string
  readonly variables: Variables
  /** False where variables were left in place. */
  readonly interpolates: boolean
}

/** Says what a document leaves unsaid: names, the default network, dependencies that follow from other attributes. */
export function normalise(document: Mapping, { name, variables, interpolates }: About): Mapping {
  const services = fieldIn(document, 'services')
  if (services?.kind !== 'mapping') return named(document, name)
  const full = mapValues(services, (service) =>
    service.kind === 'mapping' ? normaliseService(service, variables, interpolates) : service,
  ) as Mapping
  return named(withDefaultNetwork(withField(document, 'services', full)), name)
}

function normaliseService(service: Mapping, variables: Variables, interpolates: boolean): Mapping {
  const steps: ((service: Mapping) => Mapping)[] = [
    withNetwork,
    withPolicy,
    (one) => (interpolates ? withReplicas(one) : one),
    (one) => withBuild(one, variables),
    (one) => withValues(one, 'environment', variables),
    withDependencies,
    withTargets,
  ]
  return steps.reduce((one, step) => step(one), service)
}

/** A service that says nothing about networks is on the default one. */
function withNetwork(service: Mapping): Mapping {
  const networks = fieldIn(service, 'networks')
  const none = networks === undefined || (networks.kind === 'mapping' && networks.entries.size === 0)
  if (!none || fieldIn(service, 'network_mode') !== undefined || fieldIn(service, 'provider') !== undefined) return service
  return withField(service, 'networks', mappingOf([['default', { at: service.at, value: scalar(null, service.at) }]], service.at))
}

function withPolicy(service: Mapping): Mapping {
  const policy = fieldIn(service, 'pull_policy')
  return plainText(policy) === 'if_not_present' ? withField(service, 'pull_policy', scalar('missing', service.at)) : service
}

/** `scale` is the same as `deploy.replicas`, where there is a `deploy`. */
function withReplicas(service: Mapping): Mapping {
  const [scale, deploy] = [fieldIn(service, 'scale'), fieldIn(service, 'deploy')]
  if (scale === undefined || deploy?.kind !== 'mapping' || fieldIn(deploy, 'replicas') !== undefined) return service
  return withField(service, 'deploy', withField(deploy, 'replicas', scale))
}

function withBuild(service: Mapping, variables: Variables): Mapping {
  const build = fieldIn(service, 'build')
  if (build?.kind !== 'mapping') return service
  const bare = fieldIn(build, 'dockerfile') === undefined && fieldIn(build, 'dockerfile_inline') === undefined
  const full = bare ? withField(build, 'dockerfile', scalar('Dockerfile', build.at)) : build
  return withField(service, 'build', withoutBare(withValues(full, 'args', variables), 'args'))
}

/** An argument that the caller has no value for is not given. */
function withoutBare(mapping: Mapping, key: string): Mapping {
  const values = fieldIn(mapping, key)
  if (values?.kind === 'sequence') {
    const given = values.items.filter((item) => plainText(item).includes('='))
    return withField(mapping, key, { ...values, items: given })
  }
  if (values?.kind !== 'mapping') return mapping
  const kept = [...values.entries].filter(([, { value }]) => !isNull(value))
  return withField(mapping, key, mappingOf(kept, values.at))
}

/** What shares another service's namespaces or volumes, or links to it, starts after it. */
function withDependencies(service: Mapping): Mapping {
  const implied = new Map<string, boolean>()
  const imply = (name: string, restart: boolean): void => void (implied.has(name) || implied.set(name, restart))
  for (const link of itemsIn(service, 'links')) imply(link.split(':')[0] ?? '', true)
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const other = /^service:(.*)$/.exec(plainText(fieldIn(service, key)))?.[1]
    if (other !== undefined) imply(other, true)
  }
  for (const source of itemsIn(service, 'volumes_from')) if (!source.startsWith('container:')) imply(source.split(':')[0] ?? '', false)
  const written = fieldIn(service, 'depends_on')
  const dependencies = new Map(written?.kind === 'mapping' ? written.entries : [])
  for (const [name, restart] of implied)
    if (!dependencies.has(name)) dependencies.set(name, { at: service.at, value: dependency(restart, service.at) })
  return dependencies.size === 0 ? service : withField(service, 'depends_on', mappingOf(dependencies, written?.at ?? service.at))
}

function dependency(restart: boolean, at: Node['at']): Mapping {
  const values = { condition: 'service_started', restart, required: true }
  return mappingOf(
    Object.entries(values).map(([key, value]) => [key, { at, value: scalar(value, at) }]),
    at,
  )
}

function withTargets(service: Mapping): Mapping {
  const volumes = fieldIn(service, 'volumes')
  if (volumes?.kind !== 'sequence') return service
  const items = volumes.items.map((item) => {
    const target = fieldIn(item, 'target')
    return item.kind === 'mapping' && target !== undefined
      ? withField(item, 'target', scalar(cleanPath(plainText(target)), target.at))
      : item
  })
  return withField(service, 'volumes', { ...volumes, items })
}

function itemsIn(service: Mapping, key: string): string[] {
  const list = fieldIn(service, key)
  return list?.kind === 'sequence' ? list.items.map(plainText) : []
}

/** The default network is there when a service is on it. */
function withDefaultNetwork(document: Mapping): Mapping {
  const services = fieldIn(document, 'services')
  const networks = fieldIn(document, 'networks')
  const used =
    services?.kind === 'mapping' &&
    [...services.entries.values()].some(({ value }) => fieldIn(fieldIn(value, 'networks'), 'default') !== undefined)
  if (!used || fieldIn(networks, 'default') !== undefined) return document
  const declared = networks?.kind === 'mapping' ? networks : mappingOf([], document.at)
  return withField(document, 'networks', withField(declared, 'default', scalar(null, document.at)))
}

/** What has no name of its own is called after its key, and after the project unless it is external. */
function named(document: Mapping, project: string): Mapping {
  return ['networks', 'volumes', 'configs', 'secrets'].reduce((to, section) => {
    const entries = fieldIn(to, section)
    if (entries?.kind !== 'mapping') return to
    const change = (node: Node, key: string): Node => {
      const resource = node.kind === 'mapping' ? node : mappingOf([], node.at)
      if (fieldIn(resource, 'name') !== undefined) return resource
      const external = plainText(fieldIn(resource, 'external')) === 'true'
      return withField(resource, 'name', scalar(external ? key : `${project}_${key}`, node.at))
    }
    return withField(to, section, mapValues(entries, change))
  }, document)
}
