import {
  invalidAt,
  isNull,
  mappingOf,
  plainText,
  scalar,
  type Entry,
  type Mapping,
  type Node,
  type Scalar,
  type Sequence,
} from '../tree.ts'
import { splitWords } from './words.ts'

/** Short forms of the language as the long ones that they stand for. What is long already stays; what is neither is for the check to refuse. */

/** `- NAME=value` → `NAME: value`; a bare name has no value. */
export function asAssignments(node: Node, where: string): Node {
  return fromList(node, (item) => {
    const text = textItem(item, where)
    const split = text.indexOf('=')
    return split < 0 ? [text, scalar(null, item.at)] : [text.slice(0, split), scalar(text.slice(split + 1), item.at)]
  })
}

/** `- name` → `name:`. */
export function asNames(node: Node, where: string): Node {
  return fromList(node, (item) => [textItem(item, where), scalar(null, item.at)])
}

/** `- service` → `service: {condition: service_started, required: true}`, which are the defaults of the long form too. */
export function asConditions(node: Node, where: string): Node {
  const defaults = (at: Scalar['at']): [string, Entry][] => [
    ['condition', { at, value: scalar('service_started', at) }],
    ['required', { at, value: scalar(true, at) }],
  ]
  return fromList(node, (item) => [textItem(item, where), mappingOf(defaults(item.at), item.at)])
}

/** `- default`, `- ID=path` → `ID: path`. */
export function asKeys(node: Node, where: string): Node {
  return fromList(node, (item) => {
    const [id = '', ...path] = textItem(item, where).split('=')
    if (path.length === 0 && id !== 'default') throw invalidAt(item.at, `invalid ssh key "${id}"`, 'Write default, or ID=/path/of/the/key.')
    return [id, scalar(path.length === 0 ? null : path.join('='), item.at)]
  })
}

function fromList(node: Node, entry: (item: Node) => readonly [string, Node]): Node {
  if (node.kind !== 'sequence') return node
  return mappingOf(
    node.items.map((item) => {
      const [key, value] = entry(item)
      return [key, { at: item.at, value }] as const
    }),
    node.at,
  )
}

function textItem(item: Node, where: string): string {
  if (item.kind === 'scalar' && typeof item.value === 'string') return item.value
  throw invalidAt(
    item.at,
    `${where} must be a list of strings`,
    item.kind === 'mapping' ? 'Write all of them as "- KEY=value", or all of them as "KEY: value".' : undefined,
  )
}

/** A mapping with one key: what a bare text stands for. */
function standsFor(key: string): (node: Node) => Node {
  return (node) => (node.kind === 'scalar' && !isNull(node) ? mappingOf([[key, { at: node.at, value: node }]], node.at) : node)
}

export const asBuild = standsFor('context')
export const asMountedFile = standsFor('source')
export const asInclude = standsFor('path')
export const asExtends = standsFor('service')
export const asEnvFile = standsFor('path')

/** A command line as its words. */
export function asWords(node: Node, where: string): Node {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node
  const words = splitWords(node.value)
  if (words === undefined) throw invalidAt(node.at, `${where} has a quote or a parenthesis that is not closed`)
  return { kind: 'sequence', items: words.map((word) => scalar(word, node.at)), at: node.at }
}

/** One string is for the image's shell. */
export function asTest(node: Node): Node {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node
  return { kind: 'sequence', items: [scalar('CMD-SHELL', node.at), node], at: node.at }
}

/** `gpus: all`. */
export function asAllDevices(node: Node): Node {
  if (node.kind !== 'scalar' || (node.value !== 'all' && node.open !== true)) return node
  return { kind: 'sequence', items: [mappingOf([['count', { at: node.at, value: scalar('all', node.at) }]], node.at)], at: node.at }
}

/** `SOURCE[:TARGET[:PERMISSIONS]]`. */
export function asDevice(node: Node, where: string): Node {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node
  const [source = '', target = source, permissions = 'rwm', ...rest] = node.value.split(':')
  if (rest.length > 0 && node.open !== true)
    throw invalidAt(node.at, `${where}: confusing device mapping, please use long syntax: ${node.value}`)
  return fields(node.at, { source, target, permissions })
}

/** `external: {name: …}` of old files → `external: true` and `name`. */
export function asResource(node: Node, where: string): Node {
  const external = node.kind === 'mapping' ? node.entries.get('external') : undefined
  if (node.kind !== 'mapping' || external?.value.kind !== 'mapping') return node
  const [inner, name] = [external.value.entries.get('name'), node.entries.get('name')]
  if (inner !== undefined && name !== undefined && plainText(inner.value) !== plainText(name.value))
    throw invalidAt(inner.at, `${where}: name and external.name conflict; only use name`)
  return mappingOf(
    [
      ...node.entries,
      ['external', { at: external.at, value: scalar(true, external.at) }],
      ...(inner === undefined ? [] : [['name', inner] as const]),
    ],
    node.at,
  )
}

/** Lists of `HOST=ADDRESS` or `HOST:ADDRESS`, or a mapping, as a list of `HOST=ADDRESS`. */
export function asHosts(node: Node, where: string): Node {
  if (node.kind !== 'mapping') return node
  const items = [...node.entries].flatMap(([host, { value }]) =>
    (value.kind === 'sequence' ? value.items : [value]).map((item) => {
      if (item.kind !== 'scalar') throw invalidAt(item.at, `${where}.${host} must be an address`)
      return scalar(`${host}=${plainText(item)}`, item.at)
    }),
  )
  return { kind: 'sequence', items, at: node.at } satisfies Sequence
}

/** Two that say the same in different words stay two while files are merged, as in Docker Compose. */
export function checkedHost(item: Node, where: string): Node[] {
  if (item.kind !== 'scalar' || typeof item.value !== 'string') return [item]
  const [host = '', ...address] = item.value.split(separatorIn(item.value))
  if (host === '' || address.length === 0)
    throw invalidAt(item.at, `${where}: invalid additional host, missing IP: ${item.value}`, 'Write it as "HOST=ADDRESS".')
  return [item]
}

/** `HOST=ADDRESS` for each address, without brackets. */
export function settledHosts(item: Node): Node[] {
  const text = plainText(item)
  const split = text.indexOf(separatorIn(text))
  const addresses = text.slice(split + 1).split(',')
  return addresses.map((address) => scalar(`${text.slice(0, split)}=${address.replace(/^\[(.+)\]$/, '$1')}`, item.at))
}

function separatorIn(text: string): string {
  return text.includes('=') ? '=' : ':'
}

/** A mapping of texts, numbers and flags; what is undefined is left out. */
export function fields(at: Scalar['at'], values: Readonly<Record<string, Scalar['value'] | Node | undefined>>): Mapping {
  return mappingOf(
    Object.entries(values).flatMap(([key, value]) => {
      if (value === undefined) return []
      const node = typeof value === 'object' && value !== null ? value : scalar(value, at)
      return [[key, { at, value: node }] as const]
    }),
    at,
  )
}
