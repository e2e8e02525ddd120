import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { checkKeys, flagOf, textOf, wordOf } from './decode.ts'
import type { Mount } from './model.ts'
import { invalidAt, unsupportedAt, type Mapping, type Node } from './tree.ts'

const longKeys = {
  known: ['type', 'source', 'target', 'read_only', 'bind', 'volume'],
  unsupported: ['tmpfs', 'image', 'consistency', 'cluster', 'npipe'],
}

/** One entry of a service's `volumes`. `directory` is where relative paths start. Throws `invalid`, `not implemented`. */
export function decodeMount(node: Node, directory: string): Mount {
  return node.kind === 'mapping' ? decodeLong(node, directory) : decodeShort(node, directory)
}

/** `[SOURCE:]TARGET[:MODE]`. */
function decodeShort(node: Node, directory: string): Mount {
  const text = textOf(node, 'volumes') ?? ''
  const [first = '', second, mode = '', ...rest] = text.split(':')
  const [source, target] = second === undefined ? ['', first] : [first, second]
  if (rest.length > 0 || !target.startsWith('/'))
    throw invalidAt(node.at, `invalid volume "${text}"`, 'Write it as SOURCE:/TARGET or SOURCE:/TARGET:ro.')
  const options = mode.split(',')
  const unknown = options.find((option) => !['', 'ro', 'rw', 'z', 'Z'].includes(option))
  if (unknown !== undefined) throw unsupportedAt(node.at, `the volume option "${unknown}"`)
  const isPath = /^[./~]/.test(source)
  return {
    type: isPath ? 'bind' : 'volume',
    source: isPath ? absolute(source, directory) : source,
    target,
    readOnly: options.includes('ro'),
    createSource: true,
    at: node.at,
  }
}

function decodeLong(node: Mapping, directory: string): Mount {
  checkKeys(node, longKeys, 'volumes')
  const field = (name: string): Node | undefined => node.entries.get(name)?.value
  const type = wordOf(field('type'), ['volume', 'bind', 'tmpfs'], 'volumes.type')
  const target = textOf(field('target'), 'volumes.target')
  if (type === undefined || target === undefined) throw invalidAt(node.at, 'a volume needs a type and a target')
  const bind = field('bind')
  checkKeys(bind, { known: ['create_host_path'], unsupported: ['propagation', 'recursive', 'selinux'] }, 'volumes.bind')
  checkKeys(field('volume'), { known: [], unsupported: ['nocopy', 'subpath', 'labels'] }, 'volumes.volume')
  const source = textOf(field('source'), 'volumes.source') ?? ''
  if (type === 'bind' && source === '') throw invalidAt(node.at, 'a bind needs a source')
  const create = bind?.kind === 'mapping' ? flagOf(bind.entries.get('create_host_path')?.value, 'create_host_path') : undefined
  return {
    type,
    source: type === 'bind' ? absolute(source, directory) : source,
    target,
    readOnly: flagOf(field('read_only'), 'volumes.read_only') ?? false,
    createSource: create ?? true,
    at: node.at,
  }
}

function absolute(path: string, directory: string): string {
  return resolve(directory, path.replace(/^~(?=\/|$)/, homedir()))
}
