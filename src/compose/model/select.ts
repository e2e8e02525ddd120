import { fieldIn, mappingOf, plainText, withField, type Mapping, type Node } from './tree.ts'
import { unknownService } from './unknown-service.ts'

/** Only the named services and what they depend on; all of them when none is named. Throws `not found`; one that no profile enables may be meant then. */
export function selectedServices(services: Mapping, names: readonly string[], disabled: Mapping): Mapping {
  if (names.length === 0) return services
  const wanted = new Set<string>()
  const want = (name: string): void => {
    const service = services.entries.get(name)
    if (service === undefined || wanted.has(name)) return
    wanted.add(name)
    const dependencies = fieldIn(service.value, 'depends_on')
    if (dependencies?.kind === 'mapping') for (const other of dependencies.entries.keys()) want(other)
  }
  for (const name of names) {
    if (!services.entries.has(name)) throw unknownService(name, [...services.entries.keys(), ...disabled.entries.keys()])
    want(name)
  }
  return mappingOf(
    [...services.entries].filter(([name]) => wanted.has(name)),
    services.at,
  )
}

/** Of the services that are left out those whose images the builds of the others start from, directly or not. */
export function servicesBelow(services: Mapping, chosen: Mapping): Mapping {
  const wanted = new Set<string>()
  const want = (service: Node): void => {
    for (const name of buildsFrom(service)) {
      const node = services.entries.get(name)?.value
      if (node === undefined || wanted.has(name)) continue
      wanted.add(name)
      want(node)
    }
  }
  for (const { value } of chosen.entries.values()) want(value)
  return mappingOf(
    [...services.entries].filter(([name]) => wanted.has(name) && !chosen.entries.has(name)),
    services.at,
  )
}

function buildsFrom(service: Node): string[] {
  const contexts = fieldIn(fieldIn(service, 'build'), 'additional_contexts')
  const texts = contexts?.kind === 'mapping' ? [...contexts.entries.values()].map(({ value }) => plainText(value)) : []
  return texts.flatMap((text) => (text.startsWith('service:') ? [text.slice('service:'.length)] : []))
}

/** The names of a document's services, each after those that it depends on. */
export function dependencyOrder(document: Mapping): string[] {
  const services = fieldIn(document, 'services')
  const done = new Set<string>()
  const visit = (name: string): void => {
    const service = services?.kind === 'mapping' ? services.entries.get(name) : undefined
    if (service === undefined || done.has(name)) return
    // Marked before its dependencies are, for unchecked files may have circles; moved behind them after.
    done.add(name)
    for (const other of keysOf(fieldIn(service.value, 'depends_on')).toSorted()) visit(other)
    done.delete(name)
    done.add(name)
  }
  for (const name of keysOf(services).toSorted()) visit(name)
  return [...done]
}

/** Throws `not found`. */
export function serviceOf(document: Mapping, name: string): Mapping {
  const services = fieldIn(document, 'services')
  const service = fieldIn(services, name)
  if (service?.kind !== 'mapping') throw unknownService(name, keysOf(services))
  return service
}

/** Without the networks, volumes, secrets and configs that no service uses, nor the build of one `below`: they are not made. */
export function withoutUnused(document: Mapping, below: Mapping): Mapping {
  const services = fieldIn(document, 'services')
  const valuesOf = (mapping: Node | undefined): Node[] =>
    mapping?.kind === 'mapping' ? [...mapping.entries.values()].map(({ value }) => value) : []
  const used = valuesOf(services)
  const names: Readonly<Record<string, ReadonlySet<string>>> = {
    networks: new Set(used.flatMap((service) => keysOf(fieldIn(service, 'networks')))),
    volumes: new Set(used.flatMap((service) => sourcesOf(fieldIn(service, 'volumes'), 'volume'))),
    secrets: new Set([
      ...used.flatMap((one) => sourcesOf(fieldIn(one, 'secrets'))),
      ...[...used, ...valuesOf(below)].flatMap((one) => sourcesOf(fieldIn(fieldIn(one, 'build'), 'secrets'))),
    ]),
    configs: new Set(used.flatMap((service) => sourcesOf(fieldIn(service, 'configs')))),
    models: new Set(used.flatMap((service) => keysOf(fieldIn(service, 'models')))),
  }
  return Object.entries(names).reduce((to, [section, wanted]) => {
    const resources = fieldIn(to, section)
    if (resources?.kind !== 'mapping') return to
    const kept = [...resources.entries].filter(([name]) => wanted.has(name))
    return withField(to, section, kept.length === 0 ? undefined : mappingOf(kept, resources.at))
  }, document)
}

function keysOf(node: Node | undefined): string[] {
  return node?.kind === 'mapping' ? [...node.entries.keys()] : []
}

function sourcesOf(list: Node | undefined, type?: string): string[] {
  const items = list?.kind === 'sequence' ? list.items : []
  const wanted = items.filter((item) => type === undefined || plainText(fieldIn(item, 'type')) === type)
  return wanted.map((item) => plainText(fieldIn(item, 'source')))
}

/** A document's services; none where there is no such section. */
export function servicesIn(document: Mapping): Mapping {
  const services = fieldIn(document, 'services')
  return services?.kind === 'mapping' ? services : mappingOf([], document.at)
}
