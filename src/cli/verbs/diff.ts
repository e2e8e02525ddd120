import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { parseOptions } from '../options.ts'
import { report, reportOptions } from '../report.ts'
import { upOptions, upRequest } from './up.ts'

const syntax = {
  usage: 'diff [DIR] [SERVICE…]',
  does: `Tells what up would do with the same options, and why: which key of the file differs from what runs. Changes nothing. Exit code 0
when there is nothing to do, 1 when there is.`,
  operands: Infinity,
  options: { ...upOptions, ...reportOptions },
} as const satisfies Syntax

export const diff: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { project, body } = await upRequest(values, positionals, 'shown')
    const response = await ask(`/galley/v1/projects/${project.name}/plan`, { method: 'POST', body })
    return await report(response, { ...values, parts: ['planned', 'warnings'] })
  },
}
