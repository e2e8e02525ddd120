import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { report, reportOptions } from '../report.ts'
import { directoryAndServices, readProject } from '../project.ts'

const syntax = {
  usage: 'why [DIR] [SERVICE…]',
  does: `Tells how the services of a project are, and explains those that are not up: what was seen, why, and what helps. Exit code 1 when
one is not up. Findings are told in Korean where the locale is.`,
  operands: Infinity,
  options: { ...projectOptions, ...reportOptions },
} as const satisfies Syntax

export const why: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { directory, services } = directoryAndServices(positionals)
    const project = await readProject(values, directory)
    const response = await ask(`/galley/v1/projects/${project.name}/why`, { method: 'POST', body: { project, services } })
    return await report(response, { ...values, parts: ['services', 'findings'] })
  },
}
