import { realpathSync } from 'node:fs'
import { isAbsolute, posix, resolve } from 'node:path'
import { homedir } from 'node:os'
import { plainText, scalar, withField, type Entry, type Mapping, type Node } from '../tree.ts'
import type { Form, Scalar } from './form.ts'

/** The same part with paths below `directory`, absolute if that is; `~` is the caller's home. */
export function withPlaces(form: Form, node: Node, directory: string): Node {
  switch (form.kind) {
    case 'scalar':
      return placed(form, node, directory)
    case 'list':
      if (node.kind !== 'sequence') return node
      return { ...node, items: node.items.map((item) => withPlaces(form.of, item, directory)) }
    case 'names':
      return node.kind === 'mapping' ? withEntries(node, () => form.of, directory) : node
    case 'struct': {
      if (node.kind !== 'mapping') return node
      const mapping = withEntries(node, (key) => form.fields[key]?.form, directory)
      return form.place?.(mapping, (path) => absolute(path, directory)) ?? mapping
    }
    default:
      return node
  }
}

function withEntries(node: Mapping, formOf: (key: string) => Form | undefined, directory: string): Mapping {
  const entries = [...node.entries].map(([key, { at, value }]): [string, Entry] => {
    const form = formOf(key)
    return [key, { at, value: form === undefined ? value : withPlaces(form, value, directory) }]
  })
  return { ...node, entries: new Map(entries) }
}

function placed({ path }: Scalar, node: Node, directory: string): Node {
  const text = plainText(node)
  if (path === undefined || text === '' || (path === 'context' && isRemote(text))) return node
  const full = absolute(text, directory)
  return scalar(path === 'watched' && isAbsolute(full) ? withoutLinks(full) : full, node.at)
}

/** One of another system's is left as it is. */
const windows = /^(?:[a-zA-Z]:[\\/]|\\\\)/

function absolute(path: string, directory: string): string {
  const expanded = path.replace(/^~(?=\/|$)/, homedir())
  if (isAbsolute(expanded) || windows.test(expanded)) return expanded
  return isAbsolute(directory) ? resolve(directory, expanded) : cleanPath(posix.join(directory, expanded))
}

/** Without needless dots and slashes, as Go's `path.Clean` leaves it. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

/** Whether a build context is something else than a directory here (buildkit, dockerui/context.go). */
function isRemote(context: string): boolean {
  return /^(github\.com\/|git@|service:)|:\/\//.test(context)
}

/** What is watched is watched where it really is. */
function withoutLinks(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** A bind's source is a path. */
export function placeBind(node: Mapping, toAbsolute: (path: string) => string): Mapping {
  const source = node.entries.get('source')
  if (source === undefined || plainText(node.entries.get('type')?.value) !== 'bind') return node
  return withField(node, 'source', scalar(toAbsolute(plainText(source.value)), source.value.at))
}

/** A volume of the local driver may really be a bind. */
export function placeDevice(node: Mapping, toAbsolute: (path: string) => string): Mapping {
  const options = node.entries.get('driver_opts')?.value
  if (options?.kind !== 'mapping' || plainText(node.entries.get('driver')?.value) !== 'local') return node
  const device = options.entries.get('device')?.value
  if (device === undefined || plainText(options.entries.get('o')?.value) !== 'bind') return node
  return withField(node, 'driver_opts', withField(options, 'device', scalar(toAbsolute(plainText(device)), device.at)))
}
