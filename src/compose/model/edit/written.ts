import { Document, isCollection, isMap, isScalar, isSeq, Scalar, visit } from 'yaml'

/** What can be put into a Compose file. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainMapping

export interface PlainMapping {
  readonly [key: string]: Plain
}

export function isPlainMapping(value: Plain): value is PlainMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** YAML in lines, not indented as a whole: mappings are blocks, lists stand in brackets with quoted words, as people write commands. */
export function blockLines(value: Plain, step: number): string[] {
  return textOf(value, step, false).split('\n')
}

/** The same in one line. */
export function flowText(value: Plain): string {
  return textOf(value, 2, true)
}

/** Quoted where YAML 1.1 needs it, so that whichever tool reads a word finds a word (`no`, `1:30`). */
function textOf(value: Plain, step: number, inOneLine: boolean): string {
  const document = new Document(value, { version: '1.1' })
  visit(document, {
    Collection: (_key, node) => {
      if (isCollection(node) && (inOneLine || !isMap(node))) node.flow = true
    },
    Scalar: (_key, node, path) => {
      if (isSeq(path.at(-1)) && isScalar(node) && typeof node.value === 'string') node.type = Scalar.QUOTE_DOUBLE
    },
  })
  const text = document.toString({ indent: step, lineWidth: 0, nullStr: '', directives: false, flowCollectionPadding: inOneLine })
  return text.trimEnd().replaceAll(/^\[ (.*) \]$/g, '[$1]')
}
