import { askJson } from '../connect.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { requiredName } from '../project.ts'
import { say } from '../say.ts'
import { containersOfServices, nameOf } from './containers.ts'

const syntax = {
  usage: 'wait SERVICE…',
  does: "Waits until the first of the services' containers ends, and exits with its code.",
  operands: Infinity,
  options: projectOptions,
} as const satisfies Syntax

export const wait: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const rows = await containersOfServices(await requiredName(values), positionals)
    const { row, StatusCode } = await Promise.race(
      rows.map(async (one) => ({ row: one, ...(await askJson<{ StatusCode: number }>(`/containers/${one.Id}/wait`, { method: 'POST' })) })),
    )
    say(`container "${nameOf(row)}" exited with status code ${StatusCode}`)
    return StatusCode
  },
}
