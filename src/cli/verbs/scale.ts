import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { dryRunOptions, isRehearsal, rehearse } from '../dry-run.ts'
import { loginHeaders } from '../logins.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { follow, progressOptions } from '../progress.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { agreeToOthers } from '../agree.ts'
import { upRequest } from './up.ts'

const syntax = {
  usage: 'scale SERVICE=N…',
  does: 'Changes how many containers services have, until the next up. What they depend on comes up too.',
  operands: Infinity,
  options: {
    ...projectOptions,
    yes: { type: 'boolean', short: 'y', does: 'a Compose file from elsewhere is trusted' },
    'no-deps': { type: 'boolean', does: 'not what they depend on' },
    ...dryRunOptions,
    ...progressOptions,
  },
} as const satisfies Syntax

export const scale: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    if (positionals.length === 0) throw new GalleyError('invalid', 'galley scale takes SERVICE=N', { code: 'cli.arguments' })
    const services = positionals.map((word) => word.split('=')[0] ?? '')
    const { project, body } = await upRequest({ ...values, scale: positionals, 'no-recreate': true }, services)
    if (isRehearsal(values)) return await rehearse(rehearsalPath(project.name, 'plan'), { body }, values)
    await agreeToOthers(project, values)
    return await follow(await ask(projectPath(project.name, 'up'), { method: 'POST', body, headers: loginHeaders() }), values)
  },
}
