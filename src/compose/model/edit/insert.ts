import { isPair, isScalar, type ParsedNode, type YAMLMap, type YAMLSeq } from 'yaml'
import { columnOf, endOf, isNothing, nextLine, type MapPair } from './places.ts'
import { blockLines, flowText, type Plain, type PlainMapping } from './written.ts'

/** A file's text, and by how much it indents what lies deeper. */
export interface Text {
  readonly text: string
  readonly step: number
}

/** Another entry at the end of a mapping. */
export function intoMapping(file: Text, mapping: YAMLMap.Parsed, entry: PlainMapping): string {
  const { text } = file
  const last = mapping.items.at(-1)
  if (mapping.flow === true || last === undefined) return intoBraces(text, mapping, flowText(entry).slice(1, -1).trim())
  const column = columnOf(text, (mapping.items[0]!.key as ParsedNode).range[0]) // one has at least its last
  return withLines(file, { at: nextLine(text, endOf(last)), column, lines: blockLines(entry, file.step), apart: column === 0 })
}

/** More items at the end of a list. */
export function intoSequence(file: Text, list: YAMLSeq.Parsed, items: readonly Plain[]): string {
  const { text } = file
  const [first, last] = [list.items[0], list.items.at(-1)]
  if (list.flow === true || first === undefined) return intoBraces(text, list, flowText(items).slice(1, -1).trim())
  const lines = items.map((item) => `- ${flowText(item)}`)
  return withLines(file, { at: nextLine(text, endOf(last)), column: columnOf(text, dashOf(text, first)), lines })
}

/** A value for a key that has none: below it, or behind it in braces. */
export function underKey(file: Text, { pair, mapping, value }: { pair: MapPair; mapping: YAMLMap.Parsed; value: Plain }): string {
  const { text, step } = file
  const { range } = pair.key
  const isBlock = mapping.flow !== true && typeof value === 'object'
  if (isBlock) {
    const column = columnOf(text, range[0]) + step
    return withLines(file, { at: nextLine(text, range[1]), column, lines: blockLines(value, step) })
  }
  const colon = /^\s*:/.exec(text.slice(range[1]))?.[0] ?? ''
  const at = range[1] + colon.length
  return `${text.slice(0, range[1])}: ${flowText(value)}${text.slice(at)}`
}

interface Converting {
  readonly pair: MapPair
  readonly mapping: YAMLMap.Parsed
  readonly list: YAMLSeq.Parsed
  /** What names get. */
  readonly value: PlainMapping
  readonly others: Plain | undefined
}

/** A list of names made a mapping by them. Undefined where comments would be lost, or nobody says what a name gets. */
export function sequenceAsMapping(file: Text, { pair, mapping, list, value: given, others }: Converting): string | undefined {
  const { text, step } = file
  const names = list.items.map((item) => (isScalar(item) ? String(item.value) : ''))
  const value = Object.fromEntries([...names, ...Object.keys(given)].map((name) => [name, given[name] ?? others ?? null]))
  if (names.some((name) => value[name] === null)) return undefined
  if (list.flow === true) {
    const [start, end] = list.range
    if (text.slice(start, end).includes('#')) return undefined
    if (mapping.flow === true) return text.slice(0, start) + flowText(value) + text.slice(end)
    const rest = { ...file, text: text.slice(0, start).trimEnd() + text.slice(end) }
    return withLines(rest, {
      at: nextLine(rest.text, pair.key.range[1]),
      column: columnOf(text, pair.key.range[0]) + step,
      lines: blockLines(value, step),
    })
  }
  let changed = text
  const column = columnOf(text, pair.key.range[0]) + step
  for (const [index, item] of [...list.items.entries()].toReversed()) {
    const [start, end] = (item as ParsedNode).range
    const name = names[index] ?? ''
    const line = start - columnOf(text, start)
    const lines = blockLines({ [name]: value[name] ?? null }, step)
    const below = withLines({ ...file, text: changed }, { at: nextLine(changed, end), column, lines: lines.slice(1) })
    changed = `${below.slice(0, line)}${' '.repeat(column)}${lines[0]}${below.slice(end)}`
  }
  return changed
}

/** Behind what stands in the braces or brackets of a collection. */
function intoBraces(text: string, collection: YAMLMap.Parsed | YAMLSeq.Parsed, inner: string): string {
  const last = collection.items.at(-1)
  const [start, end] = collection.range
  if (last !== undefined) {
    const behind = isPair(last) && isNothing(last.value) ? (/^\s*:/.exec(text.slice(endOf(last)))?.[0].length ?? 0) : 0
    const at = endOf(last) + behind
    return `${text.slice(0, at)}, ${inner}${text.slice(at)}`
  }
  const [open, close] = [text[start], text[end - 1]]
  const padding = open === '{' ? ' ' : ''
  return `${text.slice(0, start)}${open}${padding}${inner}${padding}${close}${text.slice(end)}`
}

interface Lines {
  /** Where a line begins. */
  readonly at: number
  readonly column: number
  readonly lines: readonly string[]
  /** Behind an empty line, where the file parts its sections so. */
  readonly apart?: boolean
}

function withLines({ text }: Text, { at, column, lines, apart = false }: Lines): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const before = text.slice(0, at)
  const block = lines.map((line) => (line === '' ? '' : ' '.repeat(column) + line)).join(end)
  const open = before === '' || before.endsWith('\n') ? '' : end
  const empty = apart && /\n\r?\n(?=[^\s#])/.test(text) ? end : ''
  return `${before}${open}${empty}${block}${end}${text.slice(at)}`
}

/** Where the dash of an item is. */
function dashOf(text: string, item: unknown): number {
  return text.lastIndexOf('-', (item as ParsedNode).range[0] - 1)
}
