import { sleep, systemClock } from '#base/clock.ts'
import type { Command, Syntax } from '../command.ts'
import { askJson } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { outputOptions, tellListing, templateOption } from '../output.ts'
import { requiredName } from '../project.ts'
import { containersIfAny, serviceOf, type ContainerRow } from './containers.ts'
import type { Templated } from '../template/rows.ts'
import { statsRow, type Sample, type StatsRow } from './stats-row.ts'

const syntax = {
  usage: 'stats [SERVICE…]',
  does: "What a project's containers use of processors, memory, network and disks: once where nobody looks on, else until Ctrl-C or until none runs.",
  operands: Infinity,
  options: {
    ...projectOptions,
    all: { type: 'boolean', short: 'a', does: 'also those that do not run' },
    'no-stream': { type: 'boolean', does: 'only once' },
    'no-trunc': { type: 'boolean', does: 'ids at full length' },
    ...outputOptions,
    ...templateOption,
  },
} as const satisfies Syntax

type Values = ReturnType<typeof parseOptions<(typeof syntax)['options']>>['values']

export const stats: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await requiredName(values)
    const find = async (): Promise<ContainerRow[]> =>
      (await containersIfAny(project, positionals, values)).filter(({ State }) => values.all === true || State === 'running')
    const isForPrograms = [values.output, values.json, values.format].some((value) => value !== undefined && value !== false)
    const isOnce = values['no-stream'] === true || isForPrograms || !process.stdout.isTTY
    if (isOnce) {
      await show(await find(), values)
      return 0
    }
    for (let rows = await find(); rows.length > 0; rows = await find())
      await Promise.all([show(rows, values, erase), sleep(systemClock, second)])
    return 0
  },
}

/** Milliseconds: as long as a look takes at containers that run, while those that don't are looked at in no time. */
const second = 1000

/** Back to the screen's first line, and nothing below. */
const erase = '\u001b[H\u001b[J'

/** One look, which takes the second that two samples are apart. */
async function show(containers: readonly ContainerRow[], values: Values, before = ''): Promise<void> {
  const samples = await Promise.all(containers.map(sampleOf))
  const rows = samples.flatMap((sample, at) => {
    const row = containers[at]
    return sample === undefined || row === undefined ? [] : [{ ...shortened(statsRow(sample), values), Service: serviceOf(row) }]
  })
  process.stdout.write(before)
  await tellListing(
    {
      rows,
      name: ({ Name }) => Name,
      columns: columnsOf(values['no-trunc'] === true),
      templated: templatedOf(values['no-trunc'] === true),
    },
    values,
    'lines',
  )
}

/** As docker compose writes JSON; `-o json` has ids as they are. */
function shortened(row: StatsRow, values: Values): StatsRow {
  return values.format === 'json' && values['no-trunc'] !== true ? { ...row, ID: row.ID.slice(0, 12) } : row
}

/** Undefined for one that is gone. */
async function sampleOf({ Id }: ContainerRow): Promise<Sample | undefined> {
  return await askJson<Sample>(`/containers/${Id}/stats?stream=0`).catch(() => undefined)
}

/** As docker stats has it; the service is Galley's alone. */
function templatedOf(full: boolean): Templated<StatsRow> {
  return {
    heads: {
      Container: 'CONTAINER',
      Name: 'NAME',
      ID: 'CONTAINER ID',
      CPUPerc: 'CPU %',
      MemUsage: 'MEM USAGE / LIMIT',
      MemPerc: 'MEM %',
      NetIO: 'NET I/O',
      BlockIO: 'BLOCK I/O',
      PIDs: 'PIDS',
    },
    fieldsOf: ({ BlockIO, CPUPerc, Container, ID, MemPerc, MemUsage, Name, NetIO, PIDs }) => ({
      BlockIO,
      CPUPerc,
      Container,
      ID: full ? ID : ID.slice(0, 12),
      MemPerc,
      MemUsage,
      Name,
      NetIO,
      PIDs,
    }),
  }
}

function columnsOf(full: boolean): Readonly<Record<string, (row: StatsRow) => string>> {
  return {
    'CONTAINER ID': ({ ID }) => (full ? ID : ID.slice(0, 12)),
    NAME: ({ Name }) => Name,
    'CPU %': ({ CPUPerc }) => CPUPerc,
    'MEM USAGE / LIMIT': ({ MemUsage }) => MemUsage,
    'MEM %': ({ MemPerc }) => MemPerc,
    'NET I/O': ({ NetIO }) => NetIO,
    'BLOCK I/O': ({ BlockIO }) => BlockIO,
    PIDS: ({ PIDs }) => PIDs,
  }
}
