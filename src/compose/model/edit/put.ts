import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type ParsedNode, type YAMLMap, type YAMLSeq } from 'yaml'
import { intoMapping, intoSequence, sequenceAsMapping, underKey, type Text } from './insert.ts'
import { endOf, indentationStep, isNothing, pairOf, type MapPair } from './places.ts'
import { flowText, isPlainMapping, type Plain } from './written.ts'

/** A value that is to stand below the keys of a path. */
export interface Put {
  readonly path: readonly string[]
  readonly value: Plain
  /** What names get that `value` does not name, when their list becomes a mapping. */
  readonly others?: Plain
  /** Whether it takes the place of what is there, a list too. */
  readonly replaces?: boolean
}

/**
 * A Compose file's text with values put into it: a mapping is merged into the one that is there, a list added to it, a list of names
 * becomes a mapping where one is put, and a word takes the place of another, or of anything where it is said so. All else stays to the byte, comments included. Undefined where
 * the file is written so (an alias, several documents) that there is no one place for it.
 */
export function withPuts(text: string, puts: readonly Put[]): string | undefined {
  let changed: string | undefined = text
  for (const one of puts) changed = changed === undefined ? undefined : withPut(changed, one)
  return changed
}

/** Read anew for each: places move with every change. */
function withPut(text: string, { path, value, others, replaces }: Put): string | undefined {
  const document = documentOf(text)
  if (!isMap(document?.contents)) return undefined
  const root = document.contents as YAMLMap.Parsed
  const at = placeIn(root, path)
  if (at === undefined) return undefined
  if (isMap(at.there) && isPlainMapping(value))
    return withPuts(
      text,
      Object.entries(value).map(([key, inner]) => ({ path: [...path, key], value: inner })),
    )
  const changed = put({ text, step: indentationStep(text, root) }, at, { value, others, replaces })
  return changed === undefined || documentOf(changed) === undefined ? undefined : changed
}

/** Undefined when it has mistakes, or company. */
function documentOf(text: string): Document.Parsed | undefined {
  const all = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  const [document, ...others] = Array.isArray(all) ? all : []
  return others.length > 0 || document === undefined || document.errors.length > 0 ? undefined : document
}

interface Place {
  /** The deepest mapping on the path that is written there. */
  readonly mapping: YAMLMap.Parsed
  readonly key: string
  /** Keys that are missing below that one. */
  readonly rest: readonly string[]
  readonly there: ParsedNode | null | undefined
}

function placeIn(mapping: YAMLMap.Parsed, [key = '', ...rest]: readonly string[]): Place | undefined {
  const there = pairOf(mapping, key)?.value
  if (rest.length === 0 || isNothing(there)) return { mapping, key, rest, there }
  return isMap(there) ? placeIn(there as YAMLMap.Parsed, rest) : undefined
}

function put(
  file: Text,
  { mapping, key, rest, there }: Place,
  { value, others, replaces }: Pick<Put, 'value'> & { readonly others: Plain | undefined; readonly replaces: boolean | undefined },
): string | undefined {
  const pair = pairOf(mapping, key)
  const inner = rest.reduceRight((deeper, word): Plain => ({ [word]: deeper }), value)
  if (pair === undefined) return intoMapping(file, mapping, { [key]: inner })
  if (isNothing(there)) return inner === null ? file.text : underKey(file, { pair, mapping, value: inner })
  if (replaces === true && there !== null && there !== undefined) return instead(file.text, { pair, there }, value)
  if (isSeq(there)) {
    const list = there as YAMLSeq.Parsed
    if (Array.isArray(value)) return intoSequence(file, list, value)
    return isPlainMapping(value) ? sequenceAsMapping(file, { pair, mapping, list, value, others }) : undefined
  }
  if (!isScalar(there) || typeof value === 'object') return undefined
  return file.text.slice(0, there.range[0]) + flowText(value) + file.text.slice(endOf(there))
}

/** In one line behind the key. Undefined where a comment or an anchor would be lost. */
function instead(text: string, { pair, there }: { readonly pair: MapPair; readonly there: ParsedNode }, value: Plain): string | undefined {
  const [key, start, end] = [pair.key.range[1], there.range[0], endOf(there)]
  if (!/^\s*:\s*$/.test(text.slice(key, start)) || (isSeq(there) && /(^|\s)#/.test(text.slice(start, end)))) return undefined
  return `${text.slice(0, key)}: ${flowText(value)}${text.slice(end)}`
}
