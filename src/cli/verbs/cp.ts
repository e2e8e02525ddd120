import { resolve } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { numberOf, parseOptions, projectOptions } from '../options.ts'
import { requiredName } from '../project.ts'
import { checkCopyIn, checkCopyOut, copyIn, copyOut, placeOf, type Copying } from '../copy.ts'
import { containerOf, containersOfServices, nameOf, oneOffsOf, type ContainerRow } from './containers.ts'

const options = {
  ...projectOptions,
  ...dryRunOptions,
  index: { type: 'string', value: 'N', does: 'the container of this number' },
  'follow-link': { type: 'boolean', short: 'L', does: 'of a link, what it leads to' },
} as const

const syntax = {
  usage: 'cp SERVICE:PATH PATH|-, cp PATH|- SERVICE:PATH',
  does: `Copies files between a service's container and here; - is a tar archive on standard input or output. A directory that is there gets the copy
inside. What is copied in is root's, what is copied out is the caller's, unless -a is given.`,
  operands: 2,
  options: {
    ...options,
    archive: { type: 'boolean', short: 'a', does: 'with the owners that files have, by their numbers' },
    all: { type: 'boolean', does: 'into all containers of the service, those of galley run too' },
  },
} as const satisfies Syntax

export const cp: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    return await copy(values, positionals, {
      into: values.all === true ? 'one-offs-too' : 'one',
      owners: values.archive === true ? 'kept' : 'usual',
    })
  },
}

const composeSyntax = {
  ...syntax,
  does: `As galley cp; as docker compose has it, what is copied in goes into every container of the service and keeps its owners' numbers.`,
  options: {
    ...options,
    archive: { type: 'boolean', short: 'a', does: 'what is copied in belongs to the user whom the container runs as, if it names one' },
    all: { type: 'boolean', does: 'into those of galley run, too' },
  },
} as const satisfies Syntax

/** `galley compose cp`. */
export const composeCp: Command = {
  syntax: composeSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, composeSyntax)
    return await copy(values, positionals, {
      into: values.all === true ? 'one-offs-too' : 'all',
      owners: values.archive === true ? 'container' : 'kept-inside',
    })
  },
}

type Values = ReturnType<typeof parseOptions<typeof options>>['values']

/** Which of a service's containers get what is copied in. */
type Into = 'one' | 'all' | 'one-offs-too'

interface Wishes extends Pick<Copying, 'owners'> {
  readonly into: Into
}

async function copy(values: Values, [from = '', to = '']: readonly string[], { into, owners }: Wishes): Promise<number> {
  const [source, target] = [placeOf(from), placeOf(to)]
  if ((source === undefined) === (target === undefined))
    throw new GalleyError('invalid', 'galley cp takes one path in a service and one here', {
      code: 'cli.arguments',
      advice: 'galley cp web:/etc/hosts .',
    })
  numberOf(values.index, 'index')
  const copying: Copying = { owners, followsLinks: values['follow-link'] === true }
  const project = await requiredName(values)
  const isTold = isRehearsal(values)
  if (source !== undefined) {
    const row = await containerOf(project, source.service, values)
    const place = { to: to === '-' ? '-' : resolve(to) }
    if (isTold) {
      await checkCopyOut(row.Id, source.path, place)
      await tellCopies([row], `copy ${source.path} to ${to}`, values)
    } else await copyOut(row.Id, source.path, { ...place, ...copying })
  } else if (target !== undefined) {
    const rows = await receivers(project, { service: target.service, values, into })
    if (from === '-' && rows.length > 1)
      throw new GalleyError(
        'invalid',
        `service "${target.service}" has ${rows.length} containers, and an archive on standard input is read once`,
        {
          code: 'cli.arguments',
          advice: 'Say which one: --index N.',
        },
      )
    const places = { from: from === '-' ? '-' : resolve(from), to: target.path }
    for (const { Id } of rows) await (isTold ? checkCopyIn(Id, places) : copyIn(Id, { ...places, ...copying }))
    if (isTold) await tellCopies(rows, `copy ${from} to ${target.path}`, values)
  }
  return 0
}

async function tellCopies(rows: readonly ContainerRow[], action: string, values: Values): Promise<void> {
  await tellRehearsal(
    rows.map((row) => planned(`Container ${nameOf(row)}`, action)),
    values,
  )
}

async function receivers(
  project: string,
  { service, values, into }: { readonly service: string; readonly values: Values; readonly into: Into },
): Promise<readonly ContainerRow[]> {
  if (values.index !== undefined || into === 'one') return [await containerOf(project, service, values)]
  const rows = await containersOfServices(project, [service])
  return into === 'all' ? rows : [...rows, ...(await oneOffsOf(project, [service]))]
}
