import { parseError, type Place } from './problem.ts'

/** The text that a `<<NAME` of an instruction stands for. */
export interface Heredoc {
  readonly name: string
  /** Written without quotes: variables in the text are expanded. */
  readonly expand: boolean
  /** Leading tabs are taken off already when it was written `<<-`. */
  readonly text: string
}

/** One instruction as written: lines that end in the escape character are joined, comments between them left out. */
export interface LogicalLine {
  readonly text: string
  readonly heredocs: readonly Heredoc[]
  /** Where a stretch of `text` stands in the file. */
  place(offset: number, length?: number): Place
}

/** Parser directives at the top of a Dockerfile. */
export interface Directives {
  readonly escape: string
  readonly syntax: string | undefined
  readonly check: string | undefined
}

interface Segment {
  /** Offset in the joined text. */
  readonly offset: number
  /** Index of the physical line, from 0, and how many characters of it were left out in front. */
  readonly line: number
  readonly indent: number
}

/** Reads directives and splits a Dockerfile into instructions. Throws `invalid`, with the place. */
export function readLines(source: string): { directives: Directives; lines: LogicalLine[] } {
  const physical = source.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (physical.at(-1) === '') physical.pop()
  const directives = readDirectives(physical)
  const reader = new LineReader(physical, directives.escape)
  return { directives, lines: [...reader.all()] }
}

const directivePattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/
const known = ['syntax', 'escape', 'check'] as const

/** Directives end at the first line that is anything else. */
function readDirectives(physical: readonly string[]): Directives {
  const found: Partial<Record<(typeof known)[number], string>> = {}
  for (const [index, text] of physical.entries()) {
    const match = directivePattern.exec(text)
    const name = known.find((candidate) => candidate === match?.[1]?.toLowerCase())
    if (match === null || name === undefined) break
    const place = { line: index + 1, column: 1, length: text.length, text }
    if (found[name] !== undefined) throw parseError(place, `only one ${name} parser directive can be used`)
    found[name] = match[2] ?? ''
    if (name === 'escape' && !['\\', '`'].includes(found[name]))
      throw parseError(place, `invalid escape token '${found[name]}' does not match \` or \\`)
  }
  return { escape: found.escape ?? '\\', syntax: found.syntax, check: found.check }
}

const isComment = (text: string): boolean => /^\s*#/.test(text)

class LineReader {
  readonly #physical: readonly string[]
  readonly #continued: RegExp
  #next = 0

  constructor(physical: readonly string[], escape: string) {
    this.#physical = physical
    const mark = escape === '\\' ? '\\\\' : escape
    // A doubled escape character at the end is a character, not a continuation.
    this.#continued = new RegExp(`(^|[^${mark}])${mark}[ \\t]*$`)
  }

  *all(): Generator<LogicalLine> {
    for (let line = this.#one(); line !== undefined; line = this.#one()) yield line
  }

  #one(): LogicalLine | undefined {
    for (; this.#next < this.#physical.length; this.#next++) {
      const text = this.#physical[this.#next] ?? ''
      if (text.trim() !== '' && !isComment(text)) return this.#join()
    }
    return undefined
  }

  /** Reads on while lines end in the escape character. Comments and empty lines between them don't count. */
  #join(): LogicalLine {
    const segments: Segment[] = []
    let text = ''
    for (let more = true; more && this.#next < this.#physical.length; this.#next++) {
      const raw = this.#physical[this.#next] ?? ''
      if (segments.length > 0 && (isComment(raw) || raw.trim() === '')) continue
      const indent = segments.length === 0 ? raw.length - raw.trimStart().length : 0
      segments.push({ offset: text.length, line: this.#next, indent })
      more = this.#continued.test(raw)
      text += raw.slice(indent).replace(this.#continued, '$1')
    }
    const trimmed = text.trimEnd()
    const place = (offset: number, length = 1): Place => this.#place(segments, offset, length)
    const heredocs = this.#heredocs(trimmed, place)
    if (heredocs.length === 0) return { text: trimmed, heredocs, place }
    // The whole instruction ends where its last text does.
    const lastLine = this.#next
    const whole = (offset: number, length = 1): Place => ({
      ...place(offset, length),
      ...(offset + length >= trimmed.length && offset === 0 && { lastLine }),
    })
    return { text: trimmed, heredocs, place: whole }
  }

  #place(segments: readonly Segment[], offset: number, length: number): Place {
    const { line, indent, offset: start } = segments.findLast((segment) => segment.offset <= offset) ?? { line: 0, indent: 0, offset: 0 }
    const last = segments.findLast((segment) => segment.offset < offset + length)?.line ?? line
    const place = { line: line + 1, column: offset - start + indent + 1, length, text: this.#physical[line] ?? '' }
    return last > line ? { ...place, lastLine: last + 1 } : place
  }

  #heredocs(text: string, place: LogicalLine['place']): Heredoc[] {
    if (!/^(onbuild\s+)?(run|copy|add)\s/i.test(text)) return []
    return heredocMarks(text).map(({ name, expand, chomp, offset, length }) => {
      const lines: string[] = []
      for (;;) {
        const raw = this.#physical[this.#next++]
        if (raw === undefined) throw parseError(place(offset, length), 'unterminated heredoc')
        const line = chomp ? raw.replace(/^\t+/, '') : raw
        if (line === name) break
        lines.push(line)
      }
      return { name, expand, text: lines.map((line) => `${line}\n`).join('') }
    })
  }
}

/** The `<<NAME` words outside quotes, in order. */
function heredocMarks(text: string): { name: string; expand: boolean; chomp: boolean; offset: number; length: number }[] {
  return [...text.matchAll(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/gs)].flatMap(({ 0: word, index }) => {
    const [, chomp, raw = ''] = /^\d*<<(-?)([^<]+)$/.exec(word) ?? []
    const name = raw.replaceAll(/["']/g, '')
    return name === '' ? [] : [{ name, expand: name === raw, chomp: chomp === '-', offset: index, length: word.length }]
  })
}
