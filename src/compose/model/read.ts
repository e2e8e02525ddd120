import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair, type ParsedNode } from 'yaml'
import type { Position } from './model.ts'
import { invalidAt, mappingOf, scalar, unsupportedAt, type Entry, type Node } from './tree.ts'

/** Aliases nested deeper than this are taken for an attack ("billion laughs"). */
const deepest = 64
const mostNodes = 100_000

/** Reads one YAML document (1.2, with merge keys). `file` is what positions say. Throws `invalid` with the place. */
export function readTree(text: string, file: string): Node {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const error = document.errors[0]
  if (error !== undefined) throw invalidAt(place(error.pos[0]), error.message)
  if (document.contents === null) return scalar(null, place(0))
  return new Reader(document, place).node(document.contents, 0)
}

class Reader {
  readonly #document: Document.Parsed
  readonly #place: (offset: number) => Position
  #count = 0

  constructor(document: Document.Parsed, place: (offset: number) => Position) {
    this.#document = document
    this.#place = place
  }

  node(yaml: unknown, depth: number): Node {
    const node = yaml as ParsedNode | null
    const at = this.#place(node?.range[0] ?? 0)
    if (depth > deepest || ++this.#count > mostNodes) throw invalidAt(at, 'the document is nested too deeply or too large')
    if (node === null) return scalar(null, at)
    if (node.tag?.startsWith('!') === true) throw unsupportedAt(at, `the tag ${node.tag}`)
    if (isAlias(node)) {
      const target = node.resolve(this.#document)
      if (target === undefined) throw invalidAt(at, `the anchor &${node.source} is not defined`)
      return this.node(target, depth + 1)
    }
    if (isSeq(node)) return { kind: 'sequence', items: node.items.map((item) => this.node(item, depth + 1)), at }
    if (isMap(node)) return mappingOf(this.#entries(node.items as Pair[], depth), at)
    return scalar(isScalar(node) ? valueOf(node) : null, at)
  }

  /** A merge key's entries come first, so that the mapping's own win. */
  #entries(pairs: readonly Pair[], depth: number): Map<string, Entry> {
    const [merged, own] = [new Map<string, Entry>(), new Map<string, Entry>()]
    for (const { key, value } of pairs) {
      const at = this.#place((key as ParsedNode).range[0])
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) throw invalidAt(at, 'a key must be a plain word')
      const node = value === null ? scalar(null, at) : this.node(value, depth + 1)
      if (name === '<<') for (const [inherited, entry] of this.#inherited(node)) merged.set(inherited, merged.get(inherited) ?? entry)
      else own.set(name, { at, value: node })
    }
    return new Map([...merged, ...own])
  }

  *#inherited(node: Node): Generator<[string, Entry]> {
    if (node.kind === 'mapping') yield* node.entries
    else if (node.kind === 'sequence') for (const item of node.items) yield* this.#inherited(item)
    else throw invalidAt(node.at, 'a merge key (<<) takes a mapping or a list of mappings')
  }
}

/** Numbers that JavaScript can't hold exactly stay the text that they are. */
function valueOf({ value, source }: { readonly value: unknown; readonly source?: string | undefined }): string | number | boolean | null {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return source ?? String(value)
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as string | number | boolean | null
  return source ?? String(value)
}
