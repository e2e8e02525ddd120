import { GalleyError } from '#base/error.ts'
import type { Options } from './options.ts'
import { table } from './render/table.ts'
import type { Templated } from './template/rows.ts'
import { written } from './written.ts'

/** How a verb that only looks prints what it found. */
export const outputOptions = {
  output: { type: 'string', short: 'o', value: 'json|yaml|name', does: 'for programs: as JSON, as YAML, or only the names' },
  json: { type: 'boolean', does: 'the same as -o json' },
} as const satisfies Options

/** The same as docker compose writes it, for a verb that it has too. */
export const formatOption = {
  format: { type: 'string', value: 'table|json', does: 'as docker compose prints it' },
} as const satisfies Options

/** The same where docker compose takes templates. */
export const templateOption = {
  format: {
    type: 'string',
    value: 'table|json|TEMPLATE',
    does: "as docker compose prints it; a Go template: 'table {{.Name}}\\t{{.Status}}'",
  },
} as const satisfies Options

export type Form = 'text' | 'json' | 'yaml' | 'name'

interface Wished {
  readonly output?: string | undefined
  readonly json?: boolean | undefined
}

/** Which form is wanted. Throws `invalid` for one that there isn't. */
export function formOf({ output, json }: Wished): Form {
  if (output === undefined) return json === true ? 'json' : 'text'
  if (output === 'json' || output === 'yaml' || output === 'name') return output
  throw new GalleyError('invalid', `-o takes json, yaml or name, not "${output}"`, { code: 'cli.option-value', subject: output })
}

/** What a verb found. */
export interface Told {
  /** As programs get it; its fields are documented in docs/command-line.md. */
  readonly data: unknown
  /** What each part of it is called, for `-o name`. */
  readonly names: readonly string[]
  /** As people read it. */
  readonly text: () => string
}

/** Prints it in the form that is wanted. */
export async function tell(told: Told, wished: Wished): Promise<void> {
  process.stdout.write(await printed(told, formOf(wished)))
}

/** What goes on for long is told one by one: JSON one object a line, YAML one document each. */
export async function tellEach(told: Told, form: Form): Promise<void> {
  const text = form === 'json' ? `${JSON.stringify(told.data)}\n` : `${form === 'yaml' ? '---\n' : ''}${await printed(told, form)}`
  await written(process.stdout, text)
}

async function printed({ data, names, text }: Told, form: Form): Promise<string> {
  switch (form) {
    case 'text':
      return text()
    case 'name':
      return names.map((name) => `${name}\n`).join('')
    case 'json':
      return `${JSON.stringify(data, undefined, 2)}\n`
    case 'yaml':
      return (await import('yaml')).stringify(data, { lineWidth: 0, aliasDuplicateObjects: false })
  }
}

/** Rows of one kind, and how they become a table. */
export interface Listing<Row> {
  readonly rows: readonly Row[]
  readonly name: (row: Row) => string
  /** The cell under each head. */
  readonly columns: Readonly<Record<string, (row: Row) => string>>
  /** What docker compose's templates find in a row; absent where it takes none. */
  readonly templated?: Templated<Row>
}

export function listed<Row>({ rows, name, columns }: Listing<Row>): Told {
  const cells = Object.values(columns)
  const text = (): string =>
    table(
      Object.keys(columns),
      rows.map((row) => cells.map((cell) => cell(row))),
    )
  return { data: rows, names: rows.map(name), text }
}

/**
 * Prints rows as `-o` or docker compose's `--format` wants them. docker compose writes JSON on one line: `lines` of objects, or one
 * `array`. Throws `invalid`, also for a template where docker compose takes none.
 */
export async function tellListing<Row>(
  listing: Listing<Row>,
  { format, ...wished }: Wished & { readonly format?: string | undefined },
  asCompose: 'lines' | 'array',
): Promise<void> {
  if (format === undefined || format === '' || format === 'table') return await tell(listed(listing), wished)
  if (format !== 'json') {
    process.stdout.write(await filledIn(listing, format))
    return
  }
  const lines = asCompose === 'array' ? [JSON.stringify(listing.rows)] : listing.rows.map((row) => JSON.stringify(row))
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

async function filledIn<Row>({ rows, templated }: Listing<Row>, format: string): Promise<string> {
  if (templated === undefined)
    throw new GalleyError('invalid', `format value "${format}" could not be parsed: parsing failed`, {
      code: 'cli.option-value',
      subject: format,
      advice: 'It takes table and json.',
    })
  const { rowsText } = await import('./template/rows.ts')
  return rowsText(rows, format, templated)
}
