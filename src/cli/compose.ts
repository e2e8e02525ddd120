import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import type { Command, Syntax } from './command.ts'
import { verbs } from './commands.ts'
import { helpText } from './command.ts'
import { parseOptions, projectOptions, splitAfterOperands } from './options.ts'

const syntax = {
  usage: 'compose VERB',
  does: `The verbs of galley as docker compose writes them, with the options that name the project before the verb:
${Object.keys(verbs).join(', ')}.`,
  operands: 0,
  options: {
    ...projectOptions,
    'all-resources': { type: 'boolean', does: 'is taken, and changes nothing: what no service uses is left alone' },
    ansi: { type: 'string', value: 'WHEN', does: 'never: plain lines' },
    progress: { type: 'string', value: 'HOW', does: 'plain: plain lines' },
  },
} as const satisfies Syntax

/** `galley compose -f FILE up`: the same command as `galley up -f FILE`. */
export const compose: Command = {
  syntax,
  async run(args) {
    const { own, rest } = splitAfterOperands(args, syntax, 0)
    const { values } = parseOptions(own, syntax)
    const [verb, ...others] = rest
    if (verb === undefined)
      throw new GalleyError('invalid', 'galley compose takes a verb', { advice: `There is ${Object.keys(verbs).join(', ')}.` })
    const load = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    if (load === undefined) {
      const meant = nearest(verb, Object.keys(verbs))
      throw new GalleyError('not implemented', `galley compose ${verb} is not implemented by Galley`, {
        subject: verb,
        ...(meant !== undefined && { advice: `Did you mean ${meant}?` }),
      })
    }
    if (values.ansi === 'never' || values.progress === 'plain') process.env['TERM'] = 'dumb'
    const command = await load()
    if (others.includes('--help')) {
      process.stdout.write(helpText(command.syntax))
      return 0
    }
    return await command.run([...naming(values), ...others])
  },
}

/** The options that name a project, as each verb takes them. */
function naming(values: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(projectOptions).flatMap((name) => {
    const value = values[name]
    return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((one) => `--${name}=${String(one)}`)
  })
}
