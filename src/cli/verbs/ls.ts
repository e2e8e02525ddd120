import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
import { table } from '../render/table.ts'
import { containersOf, type ContainerRow } from './containers.ts'

const syntax = {
  usage: 'ls',
  does: 'The projects that have containers here, whoever brought them up.',
  options: {
    all: { type: 'boolean', short: 'a', does: 'also those of which nothing runs' },
    quiet: { type: 'boolean', short: 'q', does: 'only their names' },
    json: { type: 'boolean', does: 'as JSON, one object a line' },
  },
} as const satisfies Syntax

interface Row {
  readonly name: string
  readonly status: string
  readonly files: string
}

export const ls: Command = {
  syntax,
  async run(args) {
    const { values } = parseOptions(args, syntax)
    const projects = Map.groupBy(await containersOf(undefined, values.all === true), projectOf)
    projects.delete('')
    const rows = [...projects].map(([name, containers]) => rowOf(name, containers)).toSorted((a, b) => a.name.localeCompare(b.name))
    if (values.quiet === true) process.stdout.write(rows.map(({ name }) => `${name}\n`).join(''))
    else if (values.json === true) process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    else
      process.stdout.write(
        table(
          ['NAME', 'STATUS', 'CONFIG FILES'],
          rows.map(({ name, status, files }) => [name, status, files]),
        ),
      )
    return 0
  },
}

function projectOf({ Labels }: ContainerRow): string {
  return Labels['com.docker.compose.project'] ?? ''
}

function rowOf(name: string, containers: readonly ContainerRow[]): Row {
  const states = Map.groupBy(containers, ({ State }) => State)
  return {
    name,
    status: [...states]
      .map(([state, those]) => `${state}(${those.length})`)
      .toSorted()
      .join(', '),
    files: containers[0]?.Labels['com.docker.compose.project.config_files'] ?? '',
  }
}
