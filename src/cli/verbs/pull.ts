import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { dryRunOptions, isRehearsal, rehearse } from '../dry-run.ts'
import { loginHeaders } from '../logins.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { follow, progressOptions, quietOption } from '../progress.ts'
import { projectPath, rehearsalPath } from '../project-path.ts'
import { directoryAndServices, readProject } from '../project.ts'
import { amongServices } from './among-services.ts'

const options = {
  ...projectOptions,
  'include-deps': { type: 'boolean', does: 'of what they depend on, too' },
  'ignore-pull-failures': { type: 'boolean', does: 'what can not be pulled is told, and no failure' },
  policy: { type: 'string', value: 'missing|always', does: 'instead of what the services say: only images that are not here, or all' },
  ...quietOption,
  ...dryRunOptions,
  ...progressOptions,
} as const

const syntax = {
  usage: 'pull [DIR] [SERVICE…]',
  does: "Pulls the images of a project's services that are not built.",
  operands: Infinity,
  options: { ...options, 'ignore-buildable': { type: 'boolean', does: 'is always so' } },
} as const satisfies Syntax

export const pull: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    return await pullImages(values, positionals, undefined)
  },
}

const composeSyntax = {
  ...syntax,
  does: "Pulls the images of a project's services as docker compose does: also those that are built, where the file names them, and as pull_policy says.",
  outdated: ['parallel', 'no-parallel'],
  options: { ...options, 'ignore-buildable': { type: 'boolean', does: 'not the images that are built' } },
} as const satisfies Syntax

/** `galley compose pull`. */
export const composePull: Command = {
  syntax: composeSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, composeSyntax)
    return await pullImages(values, positionals, values['ignore-buildable'] !== true)
  },
}

type Values = ReturnType<typeof parseOptions<typeof options>>['values']

/** `buildable` is for docker compose alone (`ImagesWishes`). */
async function pullImages(values: Values, operands: readonly string[], buildable: boolean | undefined): Promise<number> {
  const { directory, services } = directoryAndServices(operands)
  const project = await readProject(values, directory, services)
  const wanted = services.length === 0 || values['include-deps'] === true ? project : amongServices(project, services)
  const body = {
    project: wanted,
    action: 'pull',
    policy: policyOf(values.policy),
    ignoreFailures: values['ignore-pull-failures'] === true,
    ...(buildable !== undefined && { buildable }),
  }
  if (isRehearsal(values)) return await rehearse(rehearsalPath(project.name, 'images'), { body }, values)
  return await follow(await ask(projectPath(project.name, 'images'), { method: 'POST', body, headers: loginHeaders() }), values)
}

function policyOf(word: string | undefined): string | undefined {
  if (word === undefined || word === '' || ['missing', 'always', 'never', 'build'].includes(word)) return word === '' ? undefined : word
  throw new GalleyError('invalid', `--policy takes missing or always, not "${word}"`, { code: 'cli.option-value', subject: word })
}
