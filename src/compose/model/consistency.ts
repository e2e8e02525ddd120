import type { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import { fieldIn, invalidAt, isNull, plainText, type Entry, type Mapping, type Node } from './tree.ts'
import { profilesOf, type Split } from './profiles.ts'

/** What one part of a typed, normalised document says must fit what the others say. Throws `invalid` with the place. */
export function checkConsistency(document: Mapping, { enabled, disabled }: Split): void {
  for (const [name, entry] of enabled.entries) {
    const service = new ServiceCheck(name, entry, document)
    service.image()
    service.references({ enabled, disabled })
    service.limits()
    service.copies()
    service.targets()
  }
  checkResources(document)
  checkOrder(enabled)
}

class ServiceCheck {
  readonly #name: string
  readonly #entry: Entry
  readonly #document: Mapping

  constructor(name: string, entry: Entry, document: Mapping) {
    this.#name = name
    this.#entry = entry
    this.#document = document
  }

  image(): void {
    // A variable that is not set may have left nothing of it.
    if (plainText(this.#at('image')) === '' && this.#at('build') === undefined && this.#at('provider') === undefined)
      throw invalidAt(
        this.#entry.at,
        `service "${this.#name}" has neither an image nor a build context specified`,
        'Write "image: NAME", or "build: ." where its Dockerfile is.',
      )
    const build = this.#at('build')
    if (fieldIn(build, 'dockerfile') !== undefined && fieldIn(build, 'dockerfile_inline') !== undefined)
      throw invalidAt(build!.at, `service "${this.#name}" declares mutually exclusive dockerfile and dockerfile_inline`) // it has fields
    const platform = this.#at('platform')
    const platforms = itemsOf(fieldIn(build, 'platforms')).map(plainText)
    if (platform !== undefined && platforms.length > 0 && !platforms.includes(plainText(platform)))
      throw invalidAt(platform.at, `service.build.platforms MUST include service.platform "${plainText(platform)}"`)
  }

  /** Every name that a service mentions must be declared. */
  references({ enabled, disabled }: Split): void {
    const mode = this.#at('network_mode')
    const networks = this.#at('networks')
    if (mode !== undefined && networks?.kind === 'mapping' && networks.entries.size > 0)
      throw invalidAt(mode.at, `services.${this.#name} declares mutually exclusive \`network_mode\` and \`networks\``)
    for (const [network, { at }] of networks?.kind === 'mapping' ? networks.entries : []) this.#declared('networks', network, at)
    for (const mount of itemsOf(this.#at('volumes'))) this.#volume(mount)
    for (const section of ['secrets', 'configs'])
      for (const item of itemsOf(this.#at(section))) this.#declared(section, plainText(fieldIn(item, 'source')), item.at)
    for (const item of itemsOf(fieldIn(this.#at('build'), 'secrets')))
      this.#declared('secrets', plainText(fieldIn(item, 'source')), item.at, 'build secret')
    const dependencies = this.#at('depends_on')
    for (const [other, { at, value }] of dependencies?.kind === 'mapping' ? dependencies.entries : []) {
      const optional = disabled.entries.has(other) && plainText(fieldIn(value, 'required')) === 'false'
      if (enabled.entries.has(other) || optional) continue
      throw this.#unknownDependency(other, at, { enabled, disabled })
    }
  }

  #unknownDependency(other: string, at: Node['at'], { enabled, disabled }: Split): GalleyError {
    const off = disabled.entries.get(other)
    if (off !== undefined)
      return invalidAt(
        at,
        `service "${this.#name}" depends on a service that no active profile enables, "${other}": invalid compose project`,
        `Enable its profile: --profile ${profilesOf(off)[0] ?? ''}`,
      )
    const meant = nearest(other, [...enabled.entries.keys(), ...disabled.entries.keys()])
    const advice = meant === undefined ? undefined : `Did you mean "${meant}"?`
    return invalidAt(at, `service "${this.#name}" depends on undefined service "${other}": invalid compose project`, advice)
  }

  #volume(mount: Node): void {
    const source = fieldIn(mount, 'source')
    if (plainText(fieldIn(mount, 'type')) !== 'volume' || source === undefined || plainText(source) === '') return
    const name = plainText(source)
    const advice = `Declare it under "volumes:" at the top level, or write ./${name} for a directory.`
    this.#declared('volumes', name, mount.at, 'volume', advice)
  }

  #declared(...[section, key, at, kind = section.slice(0, -1), advice]: readonly [string, string, Node['at'], string?, string?]): void {
    const declared = fieldIn(this.#document, section)
    if (fieldIn(declared, key) !== undefined) return
    const meant = nearest(key, declared?.kind === 'mapping' ? [...declared.entries.keys()] : [])
    throw invalidAt(
      at,
      `service "${this.#name}" refers to undefined ${kind} ${key}: invalid compose project`,
      meant === undefined ? (advice ?? `Declare it under "${section}:" at the top level.`) : `Did you mean "${meant}"?`,
    )
  }

  /** The old attribute and the one below `deploy` may not contradict each other. */
  limits(): void {
    const pairs = [
      ['cpus', 'limits', 'cpus'],
      ['mem_limit', 'limits', 'memory'],
      ['mem_reservation', 'reservations', 'memory'],
      ['pids_limit', 'limits', 'pids'],
    ] as const
    for (const [key, group, inner] of pairs) {
      const own = this.#at(key)
      const resources = fieldIn(fieldIn(this.#at('deploy'), 'resources'), group)
      if (own === undefined || plainText(own) === '0' || resources === undefined) continue
      if (plainText(fieldIn(resources, inner)) !== plainText(own))
        throw invalidAt(own.at, `services.${this.#name}: can't set distinct values on '${key}' and 'deploy.resources.${group}.${inner}'`)
    }
  }

  copies(): void {
    const scale = this.#at('scale')
    const replicas = fieldIn(this.#at('deploy'), 'replicas')
    for (const count of [scale, replicas])
      if (count !== undefined && Number(plainText(count)) < 0)
        throw invalidAt(count.at, `services.${this.#name}: the number of containers must be greater than or equal to 0`)
    if (scale !== undefined && replicas !== undefined && plainText(scale) !== plainText(replicas))
      throw invalidAt(scale.at, `services.${this.#name}: can't set distinct values on 'scale' and 'deploy.replicas'`)
    const name = this.#at('container_name')
    const count = scale ?? replicas
    if (name !== undefined && count !== undefined && Number(plainText(count)) > 1)
      throw invalidAt(name.at, `services.${this.#name}: can't set container_name and several containers, as container name must be unique`)
  }

  /** One thing at a place. */
  targets(): void {
    const seen = new Set<string>()
    const tmpfs = itemsOf(this.#at('tmpfs')).map((item) => [plainText(item).split(':')[0] ?? '', item] as const)
    const volumes = itemsOf(this.#at('volumes')).map((item) => [plainText(fieldIn(item, 'target')), item] as const)
    for (const [target, { at }] of [...tmpfs, ...volumes]) {
      if (seen.has(target)) throw invalidAt(at, `services.${this.#name}: target ${target} already mounted`)
      seen.add(target)
    }
  }

  #at(key: string): Node | undefined {
    const value = fieldIn(this.#entry.value, key)
    return isNull(value) ? undefined : value
  }
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'sequence' ? node.items : []
}

const sources: Readonly<Record<string, readonly string[]>> = {
  secrets: ['file', 'environment'],
  configs: ['file', 'environment', 'content'],
}

/** A file comes from one place; what is external says nothing but its name. */
function checkResources(document: Mapping): void {
  for (const section of ['volumes', 'secrets', 'configs']) {
    const resources = fieldIn(document, section)
    for (const [name, { at, value }] of resources?.kind === 'mapping' ? resources.entries : []) {
      if (value.kind !== 'mapping') continue
      const external = plainText(fieldIn(value, 'external')) === 'true'
      const used = (sources[section] ?? []).filter((key) => value.entries.has(key))
      if (used.length > 1) throw invalidAt(at, `${section}.${name}: ${used.join('|')} attributes are mutually exclusive`)
      if (used.length === 0 && section !== 'volumes' && !external && !value.entries.has('driver'))
        throw invalidAt(at, `${section}.${name}: one of ${sources[section]?.join(', ')} must be set`)
      const surplus = [...value.entries.keys()].find((key) => !['external', 'name'].includes(key) && !/^[x#]/.test(key))
      if (external && section === 'volumes' && surplus !== undefined)
        throw invalidAt(at, `volumes.${name}: conflicting parameters "external" and "${surplus}" specified`)
    }
  }
}

/** A name is of one container: of services that come up together, no two may have the same. Throws `invalid` with the place. */
export function checkContainerNames(services: Mapping): void {
  const users = new Map<string, string>()
  for (const [service, { value }] of services.entries) {
    const name = fieldIn(value, 'container_name')
    if (name === undefined) continue
    const user = users.get(plainText(name))
    if (user !== undefined)
      throw invalidAt(name.at, `services.${service}: container name "${plainText(name)}" is already in use by service ${user}`)
    users.set(plainText(name), service)
  }
}

/** Dependencies must not go round in a circle. */
function checkOrder(services: Mapping): void {
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    const service = services.entries.get(name)
    if (done.has(name) || service === undefined) return
    if (path.includes(name))
      throw invalidAt(
        service.at,
        `dependency cycle detected: ${[...path.slice(path.indexOf(name)), name].join(' -> ')}`,
        'None of them could start first: take one of these depends_on away.',
      )
    const dependencies = fieldIn(service.value, 'depends_on')
    for (const other of dependencies?.kind === 'mapping' ? dependencies.entries.keys() : []) visit(other, [...path, name])
    done.add(name)
  }
  for (const name of services.entries.keys()) visit(name, [])
}
