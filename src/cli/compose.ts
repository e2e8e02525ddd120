import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import { isMeant } from './meant.ts'
import type { Command, Syntax } from './command.ts'
import { verbs } from './commands.ts'
import { helpText } from './command.ts'
import { columnsOf } from './render/wrap.ts'
import { parseOptions, projectOptions, splitAfterOperands } from './options.ts'

const syntax = {
  usage: 'compose VERB',
  does: `The verbs of galley as docker compose writes them, with the options that name the project before the verb:
${Object.keys(verbs).join(', ')}.`,
  operands: 0,
  options: {
    ...projectOptions,
    'all-resources': { type: 'boolean', does: 'of config: also what no service uses' },
    'dry-run': { type: 'boolean', does: 'of up: tell what would happen, and change nothing' },
    ansi: { type: 'string', value: 'never|auto', does: 'never: plain lines' },
    progress: { type: 'string', value: 'auto|tty|plain|json|quiet', does: 'how to tell what goes on' },
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
      throw new GalleyError('invalid', 'galley compose takes a verb', {
        code: 'cli.arguments',
        advice: `There is ${Object.keys(verbs).join(', ')}.`,
      })
    const load = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    if (load === undefined) {
      const meant = nearest(verb, Object.keys(verbs))
      throw new GalleyError('not implemented', `galley compose ${verb} is not implemented by Galley`, {
        code: 'cli.unsupported',
        subject: verb,
        ...(meant !== undefined && { advice: `Did you mean ${meant}?` }),
      })
    }
    refuse(verb, values)
    if (verb === 'up') refuseStopTimeout(others)
    if (values.ansi === 'never') process.env['TERM'] = 'dumb'
    const command = await load()
    if (isMeant('--explain', verb, others)) return await explained(verb, { own, others, naming: naming(values), syntax: command.syntax })
    if (isMeant('--help', verb, others) || isMeant('-h', verb, others)) {
      process.stdout.write(helpText(command.syntax, columnsOf(process.stdout)))
      return 0
    }
    const telling = values.progress !== undefined && 'progress' in command.syntax.options ? [`--progress=${values.progress}`] : []
    const resources = values['all-resources'] === true ? ['--all-resources'] : []
    const rehearsed = values['dry-run'] === true ? ['--dry-run'] : []
    const words = verb === 'up' ? [...rehearsed, ...others.map(attachWord)] : others
    const attaching = verb === 'up' && attaches(words, command.syntax) ? ['--attach'] : []
    return await command.run([...naming(values), ...telling, ...resources, ...attaching, ...words])
  },
}

/** docker compose's `--attach` names a service. */
function attachWord(word: string): string {
  return word.replace(/^--attach(?==|$)/, '--attach-only')
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

/** As docker compose has it, `up` stays with what it started unless it is told otherwise. */
function attaches(args: readonly string[], { options }: Syntax): boolean {
  const { values } = parseOptions(args, { usage: 'up', does: '', options, operands: Infinity })
  return ['detach', 'wait', 'no-start', 'dry-run'].every((name) => values[name] !== true)
}

const words = { ansi: ['never', 'auto'], progress: ['auto', 'tty', 'plain', 'json', 'quiet'] } as const

/** What docker compose takes before a verb and nothing here carries out. Throws `not implemented`. */
function refuse(verb: string, values: Readonly<Record<string, unknown>>): void {
  const wrong = (['ansi', 'progress'] as const).find(
    (name) => values[name] !== undefined && !words[name].some((word) => word === values[name]),
  )
  if (wrong !== undefined)
    throw new GalleyError('not implemented', `--${wrong}=${String(values[wrong])} is not implemented by Galley`, {
      code: 'cli.unsupported',
      advice: `It takes ${words[wrong].join(', ')}.`,
    })
  if (values['dry-run'] === true && verb !== 'up')
    throw new GalleyError('not implemented', `--dry-run of ${verb} is not implemented by Galley`, {
      code: 'cli.unsupported',
      advice: 'up takes it.',
    })
  if (values['all-resources'] === true && verb !== 'config')
    throw new GalleyError('not implemented', `--all-resources of ${verb} is not implemented by Galley`, {
      code: 'cli.unsupported',
      advice: 'config takes it.',
    })
}

/** How long a stop may take, for docker compose; `galley up` has the word for how long services are waited for. */
function refuseStopTimeout(args: readonly string[]): void {
  if (!args.some((word) => /^(?:-t|--timeout)(?:=|\d|$)/.test(word))) return
  throw new GalleyError('not implemented', '--timeout of up is not implemented by Galley', {
    code: 'cli.unsupported',
    advice: 'stop_grace_period of a service is how long its stop may take; --wait-timeout is how long services are waited for.',
  })
}

/** The options that name a project, as each verb takes them. */
function naming(values: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(projectOptions).flatMap((name) => {
    const value = values[name]
    return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((one) => `--${name}=${String(one)}`)
  })
}
