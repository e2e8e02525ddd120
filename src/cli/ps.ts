import type { Command, Syntax } from './command.ts'
import { askJson } from './connect.ts'
import { parseOptions, projectOptions } from './options.ts'
import { nameOfProject } from './project.ts'
import { table } from './render/table.ts'

const syntax = {
  usage: 'ps [DIR]',
  does: "Lists a project's containers, or all of them where there is no project.",
  operands: 1,
  options: {
    ...projectOptions,
    all: { type: 'boolean', short: 'a', does: 'also those that do not run' },
    json: { type: 'boolean', does: 'one JSON object a line, as GET /containers/json of the Engine API tells it' },
  },
} as const satisfies Syntax

/** A row of `GET /containers/json`, as far as it is shown. */
export interface ContainerRow {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Image: string
  readonly State: string
  readonly Status: string
  readonly Labels: Readonly<Record<string, string>>
  readonly Ports: readonly { readonly IP?: string; readonly PrivatePort: number; readonly PublicPort?: number; readonly Type: string }[]
}

export const ps: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await nameOfProject(values, positionals[0])
    const rows = (await containersOf(project, values.all === true)).toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
    if (values.json === true) process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    else process.stdout.write(table(['NAME', 'IMAGE', 'SERVICE', 'STATUS', 'PORTS'], rows.map(cells)))
    return 0
  },
}

/** The containers of a project, or of none in particular. */
export function containersOf(project: string | undefined, all: boolean): Promise<ContainerRow[]> {
  const filters =
    project === undefined ? '' : `&filters=${encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }))}`
  return askJson<ContainerRow[]>(`/containers/json?all=${all ? 1 : 0}${filters}`)
}

function cells(row: ContainerRow): string[] {
  const ports = row.Ports.map(({ IP, PrivatePort, PublicPort, Type }) =>
    PublicPort === undefined
      ? `${PrivatePort}/${Type}`
      : `${IP?.includes(':') === true ? `[${IP}]` : (IP ?? '')}:${PublicPort}->${PrivatePort}/${Type}`,
  )
  return [nameOf(row), row.Image, serviceOf(row), row.Status, ports.join(', ')]
}

/** The container's name without the slash that Docker's API puts before it. */
export function nameOf({ Names }: ContainerRow): string {
  return Names[0]?.slice(1) ?? ''
}

export function serviceOf({ Labels }: ContainerRow): string {
  return Labels['com.docker.compose.service'] ?? ''
}
