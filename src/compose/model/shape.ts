import { invalidAt, isNull, mappingOf, scalar, type Entry, type Mapping, type Node } from './tree.ts'

/**
 * Brings a service's short forms into their long ones, so that files merge key by key: lists of `NAME=value` become mappings, as do
 * lists of dependencies and networks, and a build's bare context.
 */
export function normaliseService(service: Mapping): Mapping {
  return mapValues(service, (key, value) => {
    switch (key) {
      case 'environment':
      case 'labels':
      case 'sysctls':
        return assignments(value)
      case 'depends_on':
      case 'networks':
        return names(value)
      case 'build':
        return build(value)
      case 'env_file':
        return value.kind === 'sequence' || isNull(value) ? value : { kind: 'sequence', items: [value], at: value.at }
      default:
        return value
    }
  })
}

export function mapValues(mapping: Mapping, change: (key: string, value: Node) => Node): Mapping {
  return mappingOf(
    [...mapping.entries].map(([key, { at, value }]) => [key, { at, value: change(key, value) }] as const),
    mapping.at,
  )
}

/** `- NAME=value` → `NAME: value`; a bare name has no value. */
export function assignments(node: Node): Node {
  if (node.kind !== 'sequence') return node
  return mappingOf(
    node.items.map((item): [string, Entry] => {
      if (item.kind !== 'scalar' || item.value === null) throw invalidAt(item.at, 'expected NAME=value')
      const text = String(item.value)
      const split = text.indexOf('=')
      return split < 0
        ? [text, { at: item.at, value: scalar(null, item.at) }]
        : [text.slice(0, split), { at: item.at, value: scalar(text.slice(split + 1), item.at) }]
    }),
    node.at,
  )
}

function names(node: Node): Node {
  if (node.kind !== 'sequence') return node
  return mappingOf(
    node.items.map((item): [string, Entry] => {
      if (item.kind !== 'scalar' || typeof item.value !== 'string') throw invalidAt(item.at, 'expected a name')
      return [item.value, { at: item.at, value: scalar(null, item.at) }]
    }),
    node.at,
  )
}

function build(node: Node): Node {
  if (node.kind === 'scalar' && node.value !== null) return mappingOf([['context', { at: node.at, value: node }]], node.at)
  if (node.kind !== 'mapping') return node
  return mapValues(node, (key, value) => (key === 'args' ? assignments(value) : value))
}
