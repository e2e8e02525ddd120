import { checkKeys, entriesOf, flagOf, textMapOf, textOf } from './decode.ts'
import { networkKeys, topLevelKeys, volumeKeys } from './keys.ts'
import type { NetworkDeclaration, Project, Service, VolumeDeclaration } from './model.ts'
import { assignments } from './shape.ts'
import { decodeService, type Surroundings } from './service.ts'
import { invalidAt, unsupportedAt, type Entry, type Mapping, type Node } from './tree.ts'

export interface ProjectParts extends Omit<Surroundings, 'fileVariables'> {
  readonly files: readonly string[]
  readonly warnings: readonly string[]
  /** Variables of each service's `env_file`s. */
  readonly fileVariables: ReadonlyMap<string, Readonly<Record<string, string>>>
}

/** Decodes a merged document. Throws `invalid` and `not implemented` with the place. */
export function decodeProject(document: Mapping, parts: ProjectParts): Project {
  checkKeys(document, topLevelKeys, '')
  const section = (name: string): ReadonlyMap<string, Entry> => entriesOf(document.entries.get(name)?.value, name)
  const services = [...section('services')].map(([name, { at, value }]) =>
    decodeService(name, at, value, { ...parts, fileVariables: parts.fileVariables.get(name) ?? {} }),
  )
  if (services.length === 0) throw invalidAt(document.at, 'no service is declared')
  const networks = Object.fromEntries([...section('networks')].map(([key, { value }]) => [key, decodeNetwork(key, value, parts.project)]))
  const volumes = Object.fromEntries([...section('volumes')].map(([key, { value }]) => [key, decodeVolume(key, value, parts.project)]))
  checkReferences(services, { networks, volumes })
  checkOrder(services)
  if (services.some((service) => Object.hasOwn(service.networks, 'default'))) networks['default'] ??= bareNetwork('default', parts.project)
  return {
    name: parts.project,
    directory: parts.directory,
    files: parts.files,
    services: Object.fromEntries(services.map((service) => [service.name, service])),
    networks,
    volumes,
    warnings: parts.warnings,
  }
}

function decodeNetwork(key: string, node: Node, project: string): NetworkDeclaration {
  const where = `networks.${key}`
  checkKeys(node, networkKeys, where)
  const fields = entriesOf(node, where)
  const driver = textOf(fields.get('driver')?.value, `${where}.driver`) ?? 'bridge'
  if (!['bridge', 'default'].includes(driver)) throw unsupportedAt(node.at, `the network driver ${driver}`)
  const internal = flagOf(fields.get('internal')?.value, `${where}.internal`) ?? false
  return { ...declaration(key, fields, { where, project }), internal }
}

function decodeVolume(key: string, node: Node, project: string): VolumeDeclaration {
  const where = `volumes.${key}`
  checkKeys(node, volumeKeys, where)
  const fields = entriesOf(node, where)
  const driver = textOf(fields.get('driver')?.value, `${where}.driver`) ?? 'local'
  if (driver !== 'local') throw unsupportedAt(node.at, `the volume driver ${driver}`)
  return declaration(key, fields, { where, project })
}

/** What networks and volumes have in common. */
function declaration(
  key: string,
  fields: ReadonlyMap<string, Entry>,
  { where, project }: { readonly where: string; readonly project: string },
): VolumeDeclaration {
  const external = flagOf(fields.get('external')?.value, `${where}.external`) ?? false
  const labels = fields.get('labels')?.value
  return {
    name: textOf(fields.get('name')?.value, `${where}.name`) ?? (external ? key : `${project}_${key}`),
    external,
    labels: labels === undefined ? {} : textMapOf(assignments(labels), `${where}.labels`),
  }
}

function bareNetwork(key: string, project: string): NetworkDeclaration {
  return { name: `${project}_${key}`, external: false, internal: false, labels: {} }
}

/** Every name that a service mentions must be declared. */
function checkReferences(services: readonly Service[], declared: Pick<Project, 'networks' | 'volumes'>): void {
  const names = new Set(services.map(({ name }) => name))
  for (const { name, at, networks, mounts, dependsOn } of services) {
    const network = Object.keys(networks).find((key) => key !== 'default' && !Object.hasOwn(declared.networks, key))
    if (network !== undefined) throw invalidAt(at, `service "${name}" refers to undefined network ${network}: invalid compose project`)
    const mount = mounts.find(({ type, source }) => type === 'volume' && source !== '' && !Object.hasOwn(declared.volumes, source))
    if (mount !== undefined)
      throw invalidAt(
        mount.at,
        `service "${name}" refers to undefined volume ${mount.source}: invalid compose project`,
        `Declare it under "volumes:" at the top level, or write ./${mount.source} for a directory.`,
      )
    const dependency = Object.keys(dependsOn).find((other) => !names.has(other))
    if (dependency !== undefined)
      throw invalidAt(at, `service "${name}" depends on undefined service "${dependency}": invalid compose project`)
  }
}

/** Dependencies must not go round in a circle. */
function checkOrder(services: readonly Service[]): void {
  const byName = new Map(services.map((service) => [service.name, service]))
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return
    const service = byName.get(name)
    if (service === undefined) return
    if (path.includes(name))
      throw invalidAt(service.at, `dependency cycle detected: ${[...path.slice(path.indexOf(name)), name].join(' -> ')}`)
    for (const other of Object.keys(service.dependsOn)) visit(other, [...path, name])
    done.add(name)
  }
  for (const { name } of services) visit(name, [])
}
