import { systemClock } from '#base/clock.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { formatOption, outputOptions, tellListing } from '../output.ts'
import { nameOfProject } from '../project.ts'
import { containersOf } from './containers.ts'
import { psRow, type PsRow } from './ps-row.ts'

const syntax = {
  usage: 'ps [DIR]',
  does: "Lists a project's containers, or all of them where there is no project.",
  operands: 1,
  options: {
    ...projectOptions,
    all: { type: 'boolean', short: 'a', does: 'also those that do not run' },
    quiet: { type: 'boolean', short: 'q', does: 'only their ids' },
    ...outputOptions,
    ...formatOption,
  },
} as const satisfies Syntax

export const ps: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await nameOfProject(values, positionals[0])
    const found = await containersOf(project, values.all === true)
    if (values.quiet === true) process.stdout.write(found.map(({ Id }) => `${Id}\n`).join(''))
    else await tellListing({ rows: found.map((row) => psRow(row, systemClock.now())), name: ({ Name }) => Name, columns }, values, 'lines')
    return 0
  },
}

const columns = {
  NAME: ({ Name }: PsRow) => Name,
  IMAGE: ({ Image }: PsRow) => Image,
  SERVICE: ({ Service }: PsRow) => Service,
  STATUS: ({ Status }: PsRow) => Status,
  PORTS: ({ Ports }: PsRow) => Ports,
} as const
