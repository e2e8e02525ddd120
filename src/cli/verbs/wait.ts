import { askJson } from '../connect.ts'
import type { Command, Syntax } from '../command.ts'
import { dryRunOptions, isRehearsal, planned, rehearsed, tellRehearsal } from '../dry-run.ts'
import { rehearsalPath } from '../project-path.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { requiredName } from '../project.ts'
import { say } from '../say.ts'
import { containersOfServices, nameOf } from './containers.ts'

const syntax = {
  usage: 'wait SERVICE…',
  does: "Waits until the first of the services' containers ends, and exits with its code.",
  operands: Infinity,
  options: { ...projectOptions, ...dryRunOptions, 'down-project': { type: 'boolean', does: 'then remove the project, as down does' } },
} as const satisfies Syntax

export const wait: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await requiredName(values)
    const rows = await containersOfServices(project, positionals)
    if (isRehearsal(values)) {
      const waits = rows.map((row) => planned(`Container ${nameOf(row)}`, 'wait until the first one ends'))
      const goes = values['down-project'] === true ? await rehearsed(rehearsalPath(project, 'down'), { body: {} }) : []
      await tellRehearsal([...waits, ...goes], values)
      return 0
    }
    const { row, StatusCode } = await Promise.race(
      rows.map(async (one) => ({ row: one, ...(await askJson<{ StatusCode: number }>(`/containers/${one.Id}/wait`, { method: 'POST' })) })),
    )
    say(`container "${nameOf(row)}" exited with status code ${StatusCode}`)
    if (values['down-project'] === true) {
      const { down } = await import('./down.ts')
      const files = (values.file ?? []).map((file) => `--file=${file}`)
      await down.run([`--project-name=${project}`, ...files])
    }
    return StatusCode
  },
}
