import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import { isMeant } from './meant.ts'
import type { Command, Syntax } from './command.ts'
import { composeVerbs as verbs } from './commands.ts'
import { helpText } from './command.ts'
import { isPlain, printBuilds, usualProgress } from './progress.ts'
import { columnsOf } from './render/wrap.ts'
import { parseOptions, projectOptions, splitAfterOperands } from './options.ts'

const syntax = {
  usage: 'compose VERB',
  does: `The verbs of galley as docker compose writes them, with the options that name the project before the verb:
${Object.keys(verbs).join(', ')}.`,
  operands: 0,
  outdated: ['verbose'],
  options: {
    ...projectOptions,
    'all-resources': { type: 'boolean', does: 'of up, create, diff and config: also what no service uses' },
    'dry-run': { type: 'boolean', does: 'tell what would happen, and change nothing' },
    ansi: {
      type: 'string',
      value: 'never|always|auto',
      does: 'never: plain lines without colours; always: as on a terminal, wherever it goes (COMPOSE_ANSI)',
    },
    parallel: { type: 'string', value: 'N', does: 'how many images and containers are worked on at once; any number, if no other (-1)' },
    compatibility: {
      type: 'boolean',
      does: 'name containers and images with underscores, as docker-compose 1 did (COMPOSE_COMPATIBILITY)',
    },
    progress: { type: 'string', value: 'auto|tty|plain|json|quiet', does: 'how to tell what goes on' },
    version: { type: 'boolean', short: 'v', does: 'print the version' },
    verbose: { type: 'boolean', does: 'plain lines, with all that builds print' },
  },
} as const satisfies Syntax

/** `galley compose -f FILE up`: the same command as `galley up -f FILE`. */
export const compose: Command = {
  syntax,
  async run(args) {
    const { own, rest } = splitAfterOperands(args, syntax, 0)
    const { values } = parseOptions(own, syntax)
    const [verb = values.version === true ? 'version' : undefined, ...words] = rest
    if (verb === undefined)
      throw new GalleyError('invalid', 'galley compose takes a verb', {
        code: 'cli.arguments',
        advice: `There is ${Object.keys(verbs).join(', ')}.`,
      })
    const command = await commandOf(verb)
    if (isMeant('--explain', verb, words))
      return await explained(verb, { own, others: words, naming: naming(values), syntax: command.syntax })
    if (isMeant('--help', verb, words) || isMeant('-h', verb, words)) {
      process.stdout.write(helpText(command.syntax, columnsOf(process.stdout)))
      return 0
    }
    refuse(verb, values, command.syntax)
    apply(values)
    return await command.run([
      ...naming(values, command.syntax),
      ...passedOn(values, command.syntax),
      ...(values['dry-run'] === true && 'dry-run' in command.syntax.options ? ['--dry-run'] : []),
      ...withoutNeedless(words, verb, command.syntax),
    ])
  },
}

async function commandOf(verb: string): Promise<Command> {
  const load = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (load !== undefined) return await load()
  const meant = nearest(verb, Object.keys(verbs))
  throw new GalleyError('not implemented', `galley compose ${verb} is not implemented by Galley`, {
    code: 'cli.unsupported',
    subject: verb,
    ...(meant !== undefined && { advice: `Did you mean ${meant}?` }),
  })
}

type Values = Readonly<Record<string, unknown>>

/** What stands before the verb and has a variable of its own. */
function apply({ ansi, compatibility, parallel }: Values): void {
  if (typeof ansi === 'string') process.env['COMPOSE_ANSI'] = ansi
  if (compatibility === true) process.env['COMPOSE_COMPATIBILITY'] = '1'
  if (typeof parallel === 'string') process.env['COMPOSE_PARALLEL_LIMIT'] = parallel
}

/** Options before the verb that the verb takes itself. */
function passedOn(values: Values, { options }: Syntax): string[] {
  const { progress = usualProgress() } = values
  // docker compose prints what builds print wherever it can't be drawn anew, on standard output.
  const isTold = values['verbose'] === true || progress === 'plain' || (progress === 'auto' && isPlain(process.stderr))
  const tellsBuilds = isTold && 'verbose' in options
  if (tellsBuilds) printBuilds()
  return [
    ...(tellsBuilds ? ['--verbose'] : []),
    ...(typeof values['progress'] === 'string' && 'progress' in options ? [`--progress=${values['progress']}`] : []),
    ...(values['all-resources'] === true ? ['--all-resources'] : []),
  ]
}

/** docker compose takes `--dry-run` behind its verbs, too, also behind those that only look. */
function withoutNeedless(words: readonly string[], verb: string, { options }: Syntax): readonly string[] {
  return 'dry-run' in options || !isMeant('--dry-run', verb, words) ? words : words.filter((word) => word !== '--dry-run')
}

interface Explained {
  readonly own: readonly string[]
  readonly others: readonly string[]
  readonly naming: readonly string[]
  readonly syntax: Syntax
}

/** These are docker compose's words already, but for the verbs that it does not have. */
async function explained(verb: string, { own, others, naming: named, syntax: ofVerb }: Explained): Promise<number> {
  const [{ dockerCommands }, { shellWords }] = await Promise.all([
    import('./explain/docker-commands.ts'),
    import('./explain/shell-words.ts'),
  ])
  const at = others.indexOf('--explain')
  const args = [...others.slice(0, at), ...others.slice(at + 1)]
  const lines = ['why', 'lint', 'diff'].includes(verb)
    ? await dockerCommands(verb, [...named, ...args], ofVerb)
    : [shellWords(['docker', 'compose', ...own, verb, ...args])]
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return 0
}

const words = { ansi: ['never', 'always', 'auto'], progress: ['auto', 'tty', 'plain', 'json', 'quiet'] } as const

/** What docker compose takes before a verb and nothing here carries out. Throws `not implemented`. */
function refuse(verb: string, values: Values, { options }: Syntax): void {
  const wrong = (['ansi', 'progress'] as const).find(
    (name) => values[name] !== undefined && !words[name].some((word) => word === values[name]),
  )
  if (wrong !== undefined)
    throw new GalleyError('not implemented', `--${wrong}=${String(values[wrong])} is not implemented by Galley`, {
      code: 'cli.unsupported',
      advice: `It takes ${words[wrong].join(', ')}.`,
    })
  if (values['all-resources'] === true && !('all-resources' in options))
    throw new GalleyError('not implemented', `--all-resources of ${verb} is not implemented by Galley`, {
      code: 'cli.unsupported',
      advice: 'up, create, diff and config take it.',
    })
}

/** The options that name a project, as each verb takes them; a verb that is about none takes them for nothing. */
function naming(values: Values, syntax?: Syntax): string[] {
  return Object.keys(projectOptions).flatMap((name) => {
    const value = syntax === undefined || name in syntax.options ? values[name] : undefined
    return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((one) => `--${name}=${String(one)}`)
  })
}
