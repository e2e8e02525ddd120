import { pad, widthOf } from './width.ts'

/** Columns of the terminal that a stream is; unlimited for a file or a pipe, whose reader breaks lines as it likes. */
export function columnsOf({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? columns || 80 : Infinity
}

/** A space, but not behind the name of a command: people copy it with its verb. */
const unlessInCommand = /(?<!\b(?:galley|docker|docker compose)) /

/** The text in lines of at most so many columns, broken at spaces; a longer word stands alone. All but the first are indented. */
export function wrapped(text: string, columns: number, indent = 0): string {
  const lines: string[] = []
  const [before = ''] = /^ */.exec(text) ?? []
  let line = before
  const whole = text.slice(before.length).split(unlessInCommand)
  for (const word of whole.flatMap((one) => (widthOf(one) <= columns - indent ? [one] : one.split(' ')))) {
    const longer = line.trim() === '' ? `${line}${word}` : `${line} ${word}`
    const room = columns - (lines.length === 0 ? 0 : indent)
    if (line.trim() === '' || widthOf(longer) <= room) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

/** Of prose with line breaks: as it is where it fits; else its sentences run on, and lines that begin with spaces, such as those of a list, stay apart. */
export function reflowed(text: string, columns: number): string {
  const lines = text.split('\n')
  if (lines.every((line) => widthOf(line) <= columns)) return text
  const blocks: string[] = []
  let isProse = false
  for (const line of lines) {
    const continues = isProse && line !== '' && !line.startsWith(' ')
    if (continues) blocks.push(`${blocks.pop()} ${line}`)
    else blocks.push(line)
    isProse = line !== '' && !line.startsWith(' ')
  }
  return blocks.map((block) => wrapped(block, columns, hangingIndent(block))).join('\n')
}

/** Where the text of a list's entry begins: behind its name and the spaces after it. */
function hangingIndent(line: string): number {
  const [head = ''] = /^ +\S.*? {2,}(?=\S)/.exec(line) ?? []
  return widthOf(head)
}

/** The most columns that the names of a table take where it does not fit. */
const widestNames = 26

/** Two columns, names and what they mean: `  name  meaning`. Where they don't fit, meanings are broken, below a name that is too long. */
export function definitions(rows: readonly Row[], columns: number): string {
  return tableOf(rows, { column: columnOf(rows, columns), columns })
}

/** Several such tables, each below its title, whose meanings begin in one column. */
export function titledDefinitions(tables: readonly { readonly title: string; readonly rows: readonly Row[] }[], columns: number): string {
  const column = columnOf(
    tables.flatMap(({ rows }) => rows),
    columns,
  )
  const told = tables.filter(({ rows }) => rows.length > 0)
  return told.map(({ title, rows }) => `${title === '' ? '' : `${title}\n`}${tableOf(rows, { column, columns })}`).join('\n')
}

type Row = readonly [name: string, meaning: string]

interface Widths {
  readonly column: number
  readonly columns: number
}

function columnOf(rows: readonly Row[], columns: number): number {
  const whole = Math.max(0, ...rows.map(([name, meaning]) => (meaning === '' ? 0 : widthOf(name))))
  const fits = rows.every(([, meaning]) => 2 + whole + 2 + widthOf(meaning) <= columns)
  return fits ? whole : Math.min(whole, widestNames)
}

function tableOf(rows: readonly Row[], widths: Widths): string {
  return rows.map(([name, meaning]) => `${definition(name, meaning, widths)}\n`).join('')
}

function definition(name: string, meaning: string, { column, columns }: Widths): string {
  if (meaning === '') return wrapped(`  ${name}`, columns, 4)
  const indent = 2 + column + 2
  const head = widthOf(name) <= column ? `  ${pad(name, column)}  ` : `  ${name}\n${' '.repeat(indent)}`
  return head + wrapped(meaning, columns - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)
}
