import type { Command, Syntax } from '../command.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { nameOfProject } from '../project.ts'
import { table } from '../render/table.ts'
import { containersOf, nameOf, serviceOf, type ContainerRow } from './containers.ts'

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

export const ps: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await nameOfProject(values, positionals[0])
    const rows = await containersOf(project, values.all === true)
    if (values.json === true) process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    else process.stdout.write(table(['NAME', 'IMAGE', 'SERVICE', 'STATUS', 'PORTS'], rows.map(cells)))
    return 0
  },
}

function cells(row: ContainerRow): string[] {
  const ports = row.Ports.map(({ IP, PrivatePort, PublicPort, Type }) =>
    PublicPort === undefined
      ? `${PrivatePort}/${Type}`
      : `${IP?.includes(':') === true ? `[${IP}]` : (IP ?? '')}:${PublicPort}->${PrivatePort}/${Type}`,
  )
  return [nameOf(row), row.Image, serviceOf(row), row.Status, ports.join(', ')]
}
