import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { follow, jsonOption } from '../progress.ts'
import { requiredName } from '../project.ts'

const syntax = {
  usage: 'down [DIR]',
  does: "Removes a project's containers and networks. Its volumes and their data stay, unless -v is given.",
  operands: 1,
  options: {
    ...projectOptions,
    volumes: { type: 'boolean', short: 'v', does: 'remove its volumes too, with all their data' },
    ...jsonOption,
  },
} as const satisfies Syntax

export const down: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const name = await requiredName(values, positionals[0])
    const response = await ask(`/galley/v1/projects/${name}/down`, { method: 'POST', body: { volumes: values.volumes === true } })
    return await follow(response, values)
  },
}
