import { isCollection, isMap, isPair, isScalar, type Pair, type ParsedNode, type YAMLMap } from 'yaml'

export type MapPair = Pair<ParsedNode, ParsedNode | null>

/** The entry of a key that is written in a mapping itself. */
export function pairOf(mapping: YAMLMap.Parsed, key: string): MapPair | undefined {
  return mapping.items.find((one) => isScalar(one.key) && one.key.value === key) as MapPair | undefined
}

/** Where the text of a node or an entry ends, without the comments and empty lines below it. */
export function endOf(node: unknown): number {
  if (isPair(node)) return isNothing(node.value) ? (node.key as ParsedNode).range[1] : endOf(node.value)
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return endOf(node.items.at(-1))
  return (node as ParsedNode).range[1]
}

/** A key without anything behind it. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (isScalar(value) && (value as ParsedNode).range![0] === (value as ParsedNode).range![1])
}

/** Where the line after this place begins, or the text ends. A block scalar ends behind its last line. */
export function nextLine(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

/** How far a place is from the beginning of its line. */
export function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1)
}

/** By how much a file indents what lies deeper; 2 where nothing tells. */
export function indentationStep(text: string, root: YAMLMap.Parsed): number {
  for (const { value } of root.items) {
    const first = isMap(value) && value.flow !== true ? value.items[0] : undefined
    if (first !== undefined) return columnOf(text, (first.key as ParsedNode).range[0]) || 2
  }
  return 2
}
