/**
 * Texts of one language by their English ones. `{}` in an English text stands for what is put in there: a name, a number. The other text
 * has it as `{0}`, `{1}`, …, in any order; `{{0}}` is itself a text of the catalogue.
 */
export type Catalogue = Readonly<Record<string, string>>

/** A text with places in it. */
class Pattern {
  /** Letters that the text says itself: the more, the less it can be mistaken. Those that it begins with count twice, as nothing can stand before them. */
  readonly weight: number
  readonly #parts: readonly string[]
  readonly #target: string
  #regExp: RegExp | undefined

  constructor(source: string, target: string) {
    this.#parts = source.split('{}')
    this.weight = source.length - 2 * (this.#parts.length - 1) + (this.#parts[0]?.length ?? 0)
    this.#target = target
  }

  /** The other text, with what stands in the places of this one put in; undefined for another text. */
  filled(text: string, translated: (text: string) => string): string | undefined {
    // Most are told apart by their ends, which costs no regular expression.
    if (!text.startsWith(this.#parts[0] ?? '') || !text.endsWith(this.#parts.at(-1) ?? '')) return undefined
    this.#regExp ??= regExpOf(this.#parts, this.weight)
    const values = this.#regExp.exec(text)?.slice(1)
    return values === undefined ? undefined : fill(this.#target, values, translated)
  }
}

/**
 * A function that puts English texts into the catalogue's language; what is not in it stays as it is. Of several lines each is put into
 * words, and of a list with commas each part, where the catalogue has all of them. `finish` is handed each text into which something was put.
 */
export function translator(catalogue: Catalogue, finish = (text: string): string => text): (text: string) => string {
  const sources = Object.keys(catalogue).filter((source) => source.includes('{}'))
  const patternsOf = (some: readonly string[]): Pattern[] =>
    some.map((source) => new Pattern(source, catalogue[source] ?? '')).toSorted((a, b) => b.weight - a.weight)
  const hasLines = (source: string): boolean => source.includes('\n')
  // What only stands before another text, such as `warning: `, and what else begins so.
  const labels = sources.filter((source) => /^[^{}]+: \{\}$/.test(source) && catalogue[source]?.endsWith('{{0}}') === true)
  const labelled = new RegExp(`^(?:${labels.map((label) => literal(label.slice(0, -2))).join('|')})`)
  const ofLabels = patternsOf(labels.length === 0 ? [] : sources.filter((source) => labelled.test(source)))
  const ofLines = patternsOf(sources.filter(hasLines))
  const ofOneLine = patternsOf(sources.filter((source) => !hasLines(source)))
  const whole = (text: string): string | undefined => (Object.hasOwn(catalogue, text) && !text.includes('{}') ? catalogue[text] : undefined)
  const filled = (patterns: readonly Pattern[], text: string): string | undefined => {
    for (const pattern of patterns) {
      const found = pattern.filled(text, translated)
      if (found !== undefined) return finish(found)
    }
    return undefined
  }
  const one = (text: string): string | undefined => whole(text) ?? filled(ofOneLine, text)
  /** What begins with a text of the catalogue: below it may be another one, or what a program printed. */
  const byLines = (text: string): string | undefined => {
    const lines = text.split('\n')
    return lines.length > 1 && one(lines[0] ?? '') !== undefined ? lines.map((line) => one(line) ?? line).join('\n') : undefined
  }
  /** What is said of a place in a file: `FILE:LINE:COLUMN: ` or `FILE:LINE: ` stays before it. */
  const byPlace = (text: string): string | undefined => {
    const [, place = '', said = ''] = /^([^\n]+?:\d+:\d+: |[^\s"]+:\d+: )(.*)$/s.exec(text) ?? []
    const found = said === '' ? said : translated(said)
    return found === said ? undefined : place + found
  }
  /** A text of the catalogue as a sentence. */
  const bySentence = (text: string): string | undefined => {
    const found = text.endsWith('.') ? one(text.slice(0, -1)) : undefined
    return found === undefined ? undefined : `${found}.`
  }
  const byParts = (text: string): string | undefined => {
    const parts = text.includes(', ') ? text.split(', ').map(one) : [undefined]
    return parts.includes(undefined) ? undefined : parts.join(', ')
  }
  const translated = (text: string): string =>
    whole(text) ??
    filled(ofLabels, text) ??
    byPlace(text) ??
    filled(ofLines, text) ??
    byLines(text) ??
    byParts(text) ??
    filled(ofOneLine, text) ??
    bySentence(text) ??
    text
  return translated
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** A unit alone, such as ` s` or ` min`, has only a number before it; else it would be found at the end of many a text. */
const unit = 5

function regExpOf(parts: readonly string[], weight: number): RegExp {
  const escaped = parts.map(literal)
  const value = parts.length === 2 && parts[0] === '' && weight <= unit ? String.raw`(\d[\d.]*)` : '(.*?)'
  return new RegExp(`^${escaped.join(value)}$`, 's')
}

function fill(target: string, values: readonly string[], translated: (text: string) => string): string {
  return target.replaceAll(/\{\{(\d+)\}\}|\{(\d+)\}/g, (_, inner: string | undefined, plain: string | undefined) =>
    inner === undefined ? (values[Number(plain)] ?? '') : translated(values[Number(inner)] ?? ''),
  )
}
