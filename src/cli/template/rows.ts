import { widthOf } from '../render/width.ts'
import { execute } from './execute.ts'
import type { Value } from './functions.ts'
import { parseTemplate } from './parse.ts'

/** Rows as docker's templates have them. */
export interface Templated<Row> {
  /** What stands over the column of a field; others have nothing there. */
  readonly heads: Readonly<Record<string, string>>
  readonly fieldsOf: (row: Row) => Readonly<Record<string, Value>>
  /** Templates that have a name, such as `raw`. */
  readonly named?: Readonly<Record<string, string>>
}

/** Rows with what they carry as labels, one by one: `{{.Label "name"}}` finds it. */
export function withLabels<Row extends object>(
  rows: readonly Row[],
  labels: readonly Readonly<Record<string, string>>[],
): Templated<Row>['fieldsOf'] {
  const byRow = new Map(rows.map((row, at) => [row, labels[at] ?? {}]))
  return (row) => ({ ...(row as Readonly<Record<string, Value>>), Label: (name) => byRow.get(row)?.[String(name)] ?? '' })
}

/** Rows by docker's `--format`: a Go template for each, or `table TEMPLATE`. Throws `invalid`. */
export function rowsText<Row>(rows: readonly Row[], format: string, { heads, fieldsOf, named = {} }: Templated<Row>): string {
  const isTable = format.startsWith('table')
  const wanted = (Object.hasOwn(named, format) ? named[format] : undefined) ?? (isTable ? format.slice('table'.length) : format)
  const text = wanted
    .replaceAll(/^ +| +$/g, '')
    .replaceAll(String.raw`\t`, '\t')
    .replaceAll(String.raw`\n`, '\n')
  const parts = parseTemplate(text)
  const lines = rows.map((row) => `${execute(parts, fieldsOf(row))}\n`)
  return isTable
    ? aligned([`${execute(parts, headsOf(heads), { own: headFunctions, lenient: true })}\n`, ...lines].join(''))
    : lines.join('')
}

/** A head's field is its text; `Label "a.b-c"` is `b c`. */
function headsOf(heads: Readonly<Record<string, string>>): Value {
  return { ...heads, Label: (name: Value) => String(name).split('.').at(-1)?.replaceAll(/[-_]/g, ' ') }
}

const same = (value: Value): Value => value

/** A head stays as it is, whatever is made of the values below it. */
const headFunctions = { json: same, split: same, join: same, title: same, lower: same, upper: same, truncate: same }

/** As docker's commands align columns: each is as wide as its widest cell and three more, and ten at least. */
const column = { least: 10, between: 3 } as const

/** Cells end at tabs; what is behind a line's last tab is not counted, and a line without one ends the columns above it. */
function aligned(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const widths = lines.map((line) => line.map(() => 0))
  const measure = (index: number): void => {
    for (let first = 0; first < lines.length;) {
      if ((lines[first]?.length ?? 0) <= index + 1) {
        first++
        continue
      }
      let last = first
      while ((lines[last]?.length ?? 0) > index + 1) last++
      const block = lines.slice(first, last).map((line) => widthOf(line[index] ?? ''))
      const width = Math.max(column.least, Math.max(...block) + column.between)
      for (let at = first; at < last; at++) widths[at]![index] = width // a line of the block
      first = last
    }
  }
  for (let index = 0; index < Math.max(...lines.map(({ length }) => length)) - 1; index++) measure(index)
  return lines
    .map((line, at) =>
      line
        .map((cell, index) => (index === line.length - 1 ? cell : `${cell}${' '.repeat((widths[at]?.[index] ?? 0) - widthOf(cell))}`))
        .join(''),
    )
    .join('\n')
}
