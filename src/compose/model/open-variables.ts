import { variablesIn, type UsedVariable } from './interpolate.ts'
import { isOpen, plainText, type Node } from './tree.ts'

/** The variables of a document in which they were left in place, by name. */
export function usedVariables(node: Node): Map<string, UsedVariable> {
  return new Map(openTexts(node).flatMap((text) => variablesIn(text).map((variable) => [variable.name, variable] as const)))
}

function openTexts(node: Node): string[] {
  if (node.kind === 'scalar') return isOpen(node) || plainText(node).includes('$') ? [plainText(node)] : []
  const inner = node.kind === 'sequence' ? node.items : [...node.entries.values()].map(({ value }) => value)
  return inner.flatMap(openTexts)
}
