import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { unknownService } from '#compose/model/unknown-service.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { outputOptions, tellListing, templateOption } from '../output.ts'
import { declaredServices, directoryAndServices, nameOfProject } from '../project.ts'
import { withLabels } from '../template/rows.ts'
import { containersOf, everyContainerOf, isRunning, serviceOf, type ContainerRow } from './containers.ts'
import { psRow, templates, type PsRow } from './ps-row.ts'

const syntax = {
  usage: 'ps [DIR] [SERVICE…]',
  does: "Lists a project's containers, or all of them where there is no project.",
  operands: Infinity,
  options: {
    ...projectOptions,
    all: { type: 'boolean', short: 'a', does: 'also those that do not run, and those of run' },
    quiet: { type: 'boolean', short: 'q', does: 'only their ids' },
    services: { type: 'boolean', does: 'only the names of their services' },
    status: {
      type: 'string',
      multiple: true,
      value: 'STATE',
      does: 'those in this state: running, exited, paused, restarting, created, dead',
    },
    filter: { type: 'string', value: 'status=STATE', does: 'the same as docker compose has it' },
    orphans: { type: 'boolean', default: true, does: 'also those of services that the file no longer has, unless it is --orphans=false' },
    'no-trunc': { type: 'boolean', does: 'for programs: ids and commands at full length' },
    ...outputOptions,
    ...templateOption,
  },
} as const satisfies Syntax

export const ps: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { directory, services } = directoryAndServices(positionals)
    const states = statesOf(values)
    const project = await nameOfProject(values, directory)
    const every = await (values.all === true ? everyContainerOf(project) : containersOf(project, states.length > 0 || services.length > 0))
    const declared = values.orphans || services.length > 0 ? undefined : await declaredServices(values, directory)
    const found = chosen(every, services)
      .filter((row) => declared?.includes(serviceOf(row)) ?? true)
      .filter(({ State }) => states.includes(State) || (states.length === 0 && (values.all === true || isRunning({ State }))))
    if (values.services === true) print([...new Set(found.map(serviceOf))])
    else if (values.quiet === true) print(found.map(({ Id }) => Id))
    else {
      const rows = rowsOf(found, values['no-trunc'] === true)
      const fieldsOf = withLabels(
        rows,
        found.map(({ Labels }) => Labels),
      )
      await tellListing({ rows, name: ({ Name }) => Name, columns, templated: { ...templates, fieldsOf } }, values, 'lines')
    }
    return 0
  },
}

function print(words: readonly string[]): void {
  process.stdout.write(words.map((word) => `${word}\n`).join(''))
}

function rowsOf(found: readonly ContainerRow[], full: boolean): PsRow[] {
  return found.map((row) => ({ ...psRow(row, systemClock.now()), ...(full && { ID: row.Id, Command: JSON.stringify(row.Command) }) }))
}

/** All of them when no service is named. Throws `not found`. */
function chosen(rows: readonly ContainerRow[], services: readonly string[]): readonly ContainerRow[] {
  const names = [...new Set(rows.map(serviceOf))]
  const unknown = services.find((service) => !names.includes(service))
  if (unknown !== undefined) throw unknownService(unknown, names)
  return services.length === 0 ? rows : rows.filter((row) => services.includes(serviceOf(row)))
}

/** Throws `not implemented` for a filter of another kind. */
function statesOf({
  status = [],
  filter,
}: {
  readonly status?: readonly string[] | undefined
  readonly filter?: string | undefined
}): string[] {
  if (filter === undefined) return [...status]
  const [, state] = /^status=(.+)$/.exec(filter) ?? []
  if (state !== undefined) return [...status, state]
  throw new GalleyError('not implemented', `--filter ${filter} is not implemented by Galley`, {
    code: 'cli.unsupported',
    subject: filter,
    advice: 'It takes status=STATE.',
  })
}

const columns = {
  NAME: ({ Name }: PsRow) => Name,
  IMAGE: ({ Image }: PsRow) => Image,
  SERVICE: ({ Service }: PsRow) => Service,
  STATUS: ({ Status }: PsRow) => Status,
  PORTS: ({ Ports }: PsRow) => Ports,
} as const
