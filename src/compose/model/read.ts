import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, Scalar as YamlScalar } from 'yaml'
import type { Document, Pair, ParsedNode, YAMLParseError } from 'yaml'
import type { GalleyError } from '#base/error.ts'
import type { Position } from './model.ts'
import { resolvePlain } from './scalars.ts'
import { invalidAt, mappingOf, scalar, unsupportedAt, type Entry, type Node, type Scalar } from './tree.ts'
import { yamlProblem } from './yaml-problem.ts'

/** Aliases nested deeper than this are taken for an attack ("billion laughs"). */
const deepest = 64
const mostNodes = 100_000

const core = 'tag:yaml.org,2002:'

/** Reads the YAML documents of a file, most often one. `file` is what positions say. Throws `invalid` with the place. */
export function readTrees(text: string, file: string): Node[] {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const documents = Array.isArray(parsed) ? parsed : []
  return documents.flatMap((document) => {
    const error = document.errors[0]
    if (error !== undefined) throw unread(place(error.pos[0]), error, text)
    return document.contents === null ? [] : [new Reader(document, place).node(document.contents, 0)]
  })
}

function unread(at: Position, error: YAMLParseError, text: string): GalleyError {
  const { message, advice } = yamlProblem(error, text.split('\n')[at.line - 1] ?? '')
  return invalidAt(at, message, advice)
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
    if (isAlias(node)) {
      const target = node.resolve(this.#document)
      if (target === undefined) throw invalidAt(at, `the anchor &${node.source} is not defined`)
      return this.node(target, depth + 1)
    }
    if (node.tag === '!reset') return { ...scalar(null, at), tag: 'reset' }
    const plain = this.#untagged(node, at, depth)
    if (node.tag === '!override') return { ...plain, tag: 'override' }
    if (node.tag?.startsWith('!') === true && node.tag !== '!') throw unsupportedAt(at, `the tag ${node.tag}`)
    return plain
  }

  #untagged(node: ParsedNode, at: Position, depth: number): Node {
    if (isSeq(node)) return { kind: 'sequence', items: this.#items(node.items, depth), at }
    if (isMap(node)) return mappingOf(this.#entries(node.items as Pair[], depth), at)
    return isScalar(node) ? { kind: 'scalar', ...valueOf(node), at } : scalar(null, at)
  }

  /** One that is reset is not there. */
  #items(items: readonly unknown[], depth: number): Node[] {
    return items.map((item) => this.node(item, depth + 1)).filter(({ tag }) => tag !== 'reset')
  }

  /** A merge key's entries come first, so that the mapping's own win. */
  #entries(pairs: readonly Pair[], depth: number): Map<string, Entry> {
    const [merged, own] = [new Map<string, Entry>(), new Map<string, Entry>()]
    for (const { key, value } of pairs) {
      const at = this.#place((key as ParsedNode).range[0])
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) throw invalidAt(at, 'a key must be a plain word')
      const node = value === null ? scalar(null, at) : this.node(value, depth + 1)
      const before = own.get(name)
      if (before !== undefined)
        throw invalidAt(
          at,
          `mapping key "${name}" already defined at line ${before.at.line}`,
          'Put both into one, or give one of them another name.',
        )
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

/** What is quoted, a block, or tagged as such is a text; the rest is what it looks like. */
function valueOf({ value, type, tag }: YamlScalar): Pick<Scalar, 'value' | 'text'> {
  const text = typeof value === 'string' ? value : String(value ?? '')
  if (tag === `${core}str` || tag === '!') return { value: text }
  return type === YamlScalar.PLAIN || tag?.startsWith(core) === true ? resolvePlain(text) : { value: text }
}
