import { plainText, type Node } from '../tree.ts'

/** What makes two items of a list one thing (compose-spec, 13-merge, unique resources). */

/** The part before `=`. */
export function keyOf(item: Node): string {
  return plainText(item).split('=', 1)[0] ?? ''
}

export function targetOf(item: Node): string {
  return fieldOf(item, 'target') ?? ''
}

export function pathOf(item: Node): string {
  return fieldOf(item, 'path') ?? ''
}

export function subnetOf(item: Node): string {
  return fieldOf(item, 'subnet') ?? ''
}

/** A secret or config without a target is below `directory`, under its own name. */
export function fileTarget(directory: string): (item: Node) => string {
  return (item) => fieldOf(item, 'target') ?? `${directory}/${fieldOf(item, 'source')}`
}

export function portKey(item: Node): string {
  if (item.kind === 'scalar') return plainText(item)
  const {
    host_ip: host = '0.0.0.0',
    published = '',
    target = '',
    protocol = 'tcp',
  } = Object.fromEntries(['host_ip', 'published', 'target', 'protocol'].map((key) => [key, fieldOf(item, key)]))
  return `${host}:${published}:${target}/${protocol}`
}

/** Whether two files' logging names different drivers; then the options of one mean nothing to the other. */
export function logDriversDiffer(base: Node, over: Node): boolean {
  const [before, after] = [fieldOf(base, 'driver'), fieldOf(over, 'driver')]
  return before !== undefined && after !== undefined && before !== after
}

function fieldOf(item: Node, key: string): string | undefined {
  const value = item.kind === 'mapping' ? item.entries.get(key)?.value : undefined
  return value === undefined ? undefined : plainText(value)
}
