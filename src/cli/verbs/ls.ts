import { label } from '#base/compose-labels.ts'
import { GalleyError } from '#base/error.ts'
import { inNaturalOrder } from '#base/natural-order.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
import { formatOption, outputOptions, tellListing } from '../output.ts'
import { containersOf, type ContainerRow } from './containers.ts'

const syntax = {
  usage: 'ls',
  does: 'The projects that have containers here, whoever brought them up.',
  options: {
    all: { type: 'boolean', short: 'a', does: 'also those of which nothing runs' },
    filter: {
      type: 'string',
      multiple: true,
      value: 'name=PATTERN',
      does: 'those of which a part of the name matches; several times for any of them',
    },
    quiet: { type: 'boolean', short: 'q', does: 'only their names' },
    ...outputOptions,
    ...formatOption,
  },
} as const satisfies Syntax

/** A project, with the fields of `docker compose ls --format json`. */
interface Row {
  readonly Name: string
  /** `exited(1), running(2)` */
  readonly Status: string
  /** With commas between. */
  readonly ConfigFiles: string
}

export const ls: Command = {
  syntax,
  async run(args) {
    const { values } = parseOptions(args, syntax)
    const isWanted = filterOf(values.filter ?? [])
    const projects = Map.groupBy(await containersOf(undefined, values.all === true), projectOf)
    projects.delete('')
    const rows = [...projects]
      .filter(([name]) => isWanted(name))
      .map(([name, containers]) => rowOf(name, containers))
      .toSorted((a, b) => inNaturalOrder(a.Name, b.Name))
    if (values.quiet === true) process.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(''))
    else await tellListing({ rows, name: ({ Name }) => Name, columns }, values, 'array')
    return 0
  },
}

/** As docker compose has it: a name that is no pattern is only itself. Throws `invalid`. */
function filterOf(filters: readonly string[]): (name: string) => boolean {
  const wanted = filters.map((filter) => {
    const [, field = '', text = ''] = /^([^=]*)=(.*)$/s.exec(filter) ?? []
    if (!filter.includes('='))
      throw new GalleyError('invalid', `invalid argument "${filter}" for "--filter" flag: invalid filter '${filter}'`, filterAdvice)
    if (field.trim().toLowerCase() !== 'name')
      throw new GalleyError('invalid', `invalid filter '${field.trim().toLowerCase()}'`, filterAdvice)
    return { text: text.trim(), pattern: patternOf(text.trim()) }
  })
  return (name) => wanted.length === 0 || wanted.some(({ text, pattern }) => text === name || pattern?.test(name) === true)
}

const filterAdvice = { code: 'cli.option-value', advice: 'It is written name=PATTERN.' } as const

function patternOf(text: string): RegExp | undefined {
  try {
    return new RegExp(text)
  } catch {
    return undefined
  }
}

const columns = {
  NAME: ({ Name }: Row) => Name,
  STATUS: ({ Status }: Row) => Status,
  'CONFIG FILES': ({ ConfigFiles }: Row) => ConfigFiles,
} as const

function projectOf({ Labels }: ContainerRow): string {
  return Labels[label.project] ?? ''
}

function rowOf(name: string, containers: readonly ContainerRow[]): Row {
  const states = Map.groupBy(containers, ({ State }) => State)
  return {
    Name: name,
    Status: [...states]
      .map(([state, those]) => `${state}(${those.length})`)
      .toSorted()
      .join(', '),
    ConfigFiles: containers[0]?.Labels[label.configFiles] ?? '',
  }
}
