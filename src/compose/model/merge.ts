import { normaliseService, mapValues } from './shape.ts'
import { isNull, mappingOf, type Entry, type Mapping, type Node, type Sequence } from './tree.ts'

/** Lists that a later file replaces instead of adding to (compose-spec, 13-merge). */
const replaced: ReadonlySet<string> = new Set(['command', 'entrypoint', 'test'])

/** Lists whose entries are one for each target: a later entry takes the place of an earlier one. */
const byTarget: Readonly<Record<string, (item: Node) => string>> = { volumes: mountTarget, ports: portKey }

/** Puts a later file over an earlier one. Both are whole documents. */
export function mergeFiles(base: Node, override: Node): Node {
  return merge(normalise(base), normalise(override), '')
}

/** Short forms become long ones, so that one file's list meets another's mapping. */
export function normalise(document: Node): Node {
  if (document.kind !== 'mapping') return document
  return mapValues(document, (section, services) =>
    section === 'services' && services.kind === 'mapping'
      ? mapValues(services, (_, service) => (service.kind === 'mapping' ? normaliseService(service) : service))
      : services,
  )
}

function merge(base: Node, over: Node, key: string): Node {
  if (isNull(over)) return isNull(base) ? over : base
  if (base.kind === 'mapping' && over.kind === 'mapping') return mergeMappings(base, over)
  if (base.kind === 'sequence' && over.kind === 'sequence' && !replaced.has(key)) return mergeLists(base, over, key)
  return over
}

function mergeMappings(base: Mapping, over: Mapping): Mapping {
  const entries = new Map<string, Entry>(base.entries)
  for (const [key, entry] of over.entries) {
    const before = entries.get(key)
    entries.set(key, before === undefined ? entry : { at: entry.at, value: merge(before.value, entry.value, key) })
  }
  return mappingOf(entries, over.at)
}

function mergeLists(base: Sequence, over: Sequence, key: string): Sequence {
  const identity = byTarget[key] ?? plainText
  const items = new Map<string, Node>()
  for (const item of [...base.items, ...over.items]) items.set(identity(item), item)
  return { kind: 'sequence', items: [...items.values()], at: over.at }
}

function mountTarget(item: Node): string {
  if (item.kind === 'mapping') return plainText(item.entries.get('target')?.value)
  const [source = '', target = source] = plainText(item).split(':')
  return target
}

function portKey(item: Node): string {
  if (item.kind !== 'mapping') return plainText(item)
  const field = (name: string): string => plainText(item.entries.get(name)?.value)
  const address = field('host_ip') === '' ? '' : `${field('host_ip')}:`
  const published = field('published') === '' ? '' : `${field('published')}:`
  const protocol = ['', 'tcp'].includes(field('protocol')) ? '' : `/${field('protocol')}`
  return `${address}${published}${field('target')}${protocol}`
}

/** A text that two nodes share exactly when they say the same. */
function plainText(node: Node | undefined): string {
  if (node === undefined) return ''
  if (node.kind === 'scalar') return node.value === null ? '' : String(node.value)
  if (node.kind === 'sequence') return JSON.stringify(node.items.map(plainText))
  return JSON.stringify([...node.entries].map(([key, { value }]) => [key, plainText(value)]))
}
