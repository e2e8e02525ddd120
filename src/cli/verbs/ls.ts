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
    const projects = Map.groupBy(await containersOf(undefined, values.all === true), projectOf)
    projects.delete('')
    const rows = [...projects].map(([name, containers]) => rowOf(name, containers)).toSorted((a, b) => inNaturalOrder(a.Name, b.Name))
    if (values.quiet === true) process.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(''))
    else await tellListing({ rows, name: ({ Name }) => Name, columns }, values, 'array')
    return 0
  },
}

const columns = {
  NAME: ({ Name }: Row) => Name,
  STATUS: ({ Status }: Row) => Status,
  'CONFIG FILES': ({ ConfigFiles }: Row) => ConfigFiles,
} as const

function projectOf({ Labels }: ContainerRow): string {
  return Labels['com.docker.compose.project'] ?? ''
}

function rowOf(name: string, containers: readonly ContainerRow[]): Row {
  const states = Map.groupBy(containers, ({ State }) => State)
  return {
    Name: name,
    Status: [...states]
      .map(([state, those]) => `${state}(${those.length})`)
      .toSorted()
      .join(', '),
    ConfigFiles: containers[0]?.Labels['com.docker.compose.project.config_files'] ?? '',
  }
}
