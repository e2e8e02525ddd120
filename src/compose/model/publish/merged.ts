import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type YAMLMap } from 'yaml'

/** What an alias stands for; any other node as it is. */
export function resolved(node: unknown, document: Document.Parsed): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

/**
 * The value of a key as it is in force, where it is written: of the mapping itself, or of those that it merges (`<<: *other`), the first
 * of which counts (https://yaml.org/type/merge.html).
 */
export function valueOf(map: YAMLMap, key: string, document: Document.Parsed): Node | undefined {
  return valuesOf(map, document).get(key)
}

/** The values of all keys, as `valueOf`. */
export function valuesOf(map: YAMLMap, document: Document.Parsed): Map<unknown, Node> {
  const merges = (map.items as Pair<unknown, Node>[]).filter(({ key }) => isMerge(key))
  const own = (map.items as Pair<unknown, Node>[]).filter(({ key, value }) => !isMerge(key) && value !== null)
  const values = new Map(own.map(({ key, value }) => [isScalar(key) ? key.value : key, value as Node]))
  for (const { value } of merges)
    for (const merged of mapsIn(value, document))
      for (const [key, node] of valuesOf(merged, document)) if (!values.has(key)) values.set(key, node)
  return values
}

/** The parser reads the key as a symbol. */
function isMerge(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol'
}

function mapsIn(node: unknown, document: Document.Parsed): YAMLMap[] {
  const value = resolved(node, document)
  if (isSeq(value)) return value.items.flatMap((item) => mapsIn(item, document))
  return isMap(value) ? [value] : []
}
