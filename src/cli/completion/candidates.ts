import type { Syntax } from '../command.ts'
import { commands, composeVerbs } from '../commands.ts'
import { parseOptions, projectOptions, type Option, type Options } from '../options.ts'
import type { NamedProject } from '../project.ts'
import { inWords } from '../words.ts'
import { names, type Names } from './names.ts'

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string
  readonly does?: string
}

/** What may stand at a line's end, which is the cursor's place. Nothing is started and nothing is said, whatever is missing. */
export async function candidates(line: string): Promise<readonly Candidate[]> {
  const typed = wordsOf(line)
  const current = typed.at(-1) ?? ''
  const [, ...before] = typed.slice(0, -1)
  const found = await after(before, current).catch(() => [])
  return found.filter(({ word }) => word.startsWith(current) && word !== '')
}

/** Words as a shell parts them; the last one is what the cursor stands behind, and may be empty. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"?|'[^']*'?|\\.|[^\s"'\\])+/g)].map(([word]) => word.replaceAll(/["'\\]/g, ''))
  return /\s$/.test(line) ? [...words, ''] : words
}

async function after(before: readonly string[], current: string): Promise<readonly Candidate[]> {
  const [command, ...args] = before
  if (command === undefined) return await commandNames(commands, ['help'])
  if (command === 'help') return args.length === 0 ? await commandNames(commands, []) : []
  if (command === 'compose') return await inCompose(args, current)
  const load = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (load === undefined) return []
  const { syntax } = await load()
  return await ofCommand({ command, args, current, syntax })
}

async function commandNames(of: typeof commands, more: readonly string[]): Promise<readonly Candidate[]> {
  const named = await Promise.all(
    Object.entries(of).map(async ([word, load]) => ({ word, does: firstSentence((await load()).syntax.does) })),
  )
  return [...named, ...more.map((word) => ({ word }))]
}

function firstSentence(text: string): string {
  return (
    inWords(text)
      .split(/(?<=[.:])\s|\n\n/, 1)[0]
      ?.replaceAll('\n', ' ') ?? ''
  )
}

/** The options of the project stand before the verb. */
async function inCompose(args: readonly string[], current: string): Promise<readonly Candidate[]> {
  const { syntax } = await (commands['compose'] as () => Promise<{ syntax: Syntax }>)()
  const at = args.findIndex((word, index) => !word.startsWith('-') && !takesValue(args[index - 1], syntax.options))
  const verb = args[at]
  if (verb === undefined) return (await ofOption(args, current, syntax)) ?? (await commandNames(composeVerbs, []))
  const load = Object.hasOwn(composeVerbs, verb) ? composeVerbs[verb] : undefined
  if (load === undefined) return []
  return await ofCommand({ command: verb, args: [...args.slice(0, at), ...args.slice(at + 1)], current, syntax: (await load()).syntax })
}

interface Asked {
  readonly command: string
  readonly args: readonly string[]
  readonly current: string
  readonly syntax: Syntax
}

async function ofCommand({ command, args, current, syntax }: Asked): Promise<readonly Candidate[]> {
  const option = await ofOption(args, current, syntax)
  if (option !== undefined) return option
  const operands = args.filter((word, at) => !word.startsWith('-') && !takesValue(args[at - 1], syntax.options))
  const task = Object.hasOwn(operandsOf, command) ? operandsOf[command] : undefined
  const found = (await task?.({ names: names(namedIn(args, syntax)), operands, current })) ?? []
  return found.map((one) => (typeof one === 'string' ? { word: one } : one))
}

/** An option, or the value of the one before; undefined where neither stands. */
async function ofOption(args: readonly string[], current: string, syntax: Syntax): Promise<readonly Candidate[] | undefined> {
  const [, assigned] = /^--([^=]+)=/.exec(current) ?? []
  if (assigned !== undefined) {
    const values = await valuesOf(assigned, syntax.options[assigned], names(namedIn(args, syntax)))
    return values.map(({ word, ...rest }) => ({ word: `--${assigned}=${word}`, ...rest }))
  }
  const last = args.at(-1)
  if (takesValue(last, syntax.options)) return await valuesOf(...optionOf(last, syntax.options), names(namedIn(args, syntax)))
  if (!current.startsWith('-')) return undefined
  return Object.entries({ ...syntax.options, help: { does: 'tell the options' } }).map(([name, { does }]) => ({
    word: `--${name}`,
    does: inWords(does).replaceAll('\n', ' '),
  }))
}

function optionOf(word: string | undefined, options: Options): [name: string, option: Option | undefined] {
  const [name = '', option] = Object.entries(options).find(([one, { short }]) => word === `--${one}` || word === `-${short}`) ?? []
  return [name, option]
}

function takesValue(word: string | undefined, options: Options): boolean {
  return word !== undefined && word.startsWith('-') && optionOf(word, options)[1]?.type === 'string'
}

/** Words that help only describes. */
const known: Readonly<Record<string, readonly string[]>> = {
  pull: ['always', 'missing', 'never'],
  rmi: ['all', 'local'],
  signal: ['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'TERM'],
  format: ['json', 'table', 'yaml'],
}

async function valuesOf(name: string, option: Option | undefined, live: Names): Promise<readonly Candidate[]> {
  const value = option?.value ?? ''
  const words = /^[a-z]+(\|[a-z]+)+$/.test(value) ? value.split('|') : (known[name] ?? (await liveValues(name, live)))
  return words.map((word) => ({ word }))
}

async function liveValues(name: string, live: Names): Promise<readonly string[]> {
  if (name === 'project-name') return await live.projects()
  if (name === 'profile') return await live.profiles()
  if (name === 'scale') return (await live.services()).map((service) => `${service}=`)
  return name === 'hash' ? await live.services() : []
}

/** The options that name the project, of an unfinished line. */
function namedIn(args: readonly string[], syntax: Syntax): NamedProject {
  const options = Object.fromEntries(Object.entries(syntax.options).filter(([name]) => Object.hasOwn(projectOptions, name)))
  const own = args.flatMap((word, at) => (optionOf(word, options)[1] === undefined ? [] : [word, args[at + 1] ?? '']))
  try {
    return parseOptions(own, { usage: '', does: '', operands: Infinity, options }).values as NamedProject
  } catch {
    return {}
  }
}

interface Place {
  readonly names: Names
  readonly operands: readonly string[]
  readonly current: string
}

type Found = readonly (string | Candidate)[]
type Operands = (place: Place) => Found | Promise<Found>

const services: Operands = async ({ names: live, operands }) => (await live.services()).filter((name) => !operands.includes(name))
const firstService: Operands = async ({ names: live, operands }) => (operands.length === 0 ? await live.services() : [])
const oneOf =
  (...words: readonly string[]): Operands =>
  ({ operands }) =>
    operands.length === 0 ? words : []

/** What may stand behind each command that takes names. Directories are left to the shell. */
const operandsOf: Readonly<Record<string, Operands>> = {
  ...Object.fromEntries(
    [
      'up',
      'down',
      'diff',
      'logs',
      'build',
      'pull',
      'push',
      'watch',
      'start',
      'stop',
      'restart',
      'kill',
      'pause',
      'unpause',
      'rm',
      'wait',
      'top',
      'events',
      'config',
      'ps',
      'create',
      'stats',
      'volumes',
    ].map((verb) => [verb, services]),
  ),
  exec: firstService,
  attach: firstService,
  export: firstService,
  commit: firstService,
  run: firstService,
  why: async ({ names: live, operands }) => {
    const kinds = await Promise.all([live.services(), live.containers(), live.images(), live.networks(), live.volumes()])
    return [...new Set(kinds.flat())].filter((name) => !operands.includes(name))
  },
  port: async ({ names: live, operands: [service] }) => (service === undefined ? await live.services() : await live.ports(service)),
  scale: async ({ names: live }) => (await live.services()).map((name) => `${name}=`),
  cp: async ({ names: live }) => (await live.services()).map((name) => `${name}:`),
  images: async (place) =>
    place.operands.length === 0
      ? ['catalogue', ...(await services(place))]
      : place.operands[0] === 'catalogue'
        ? []
        : await services(place),
  bundle: async ({ names: live, operands }) =>
    operands.length === 0 ? ['load', ...(await live.catalogue())] : operands[0] === 'load' ? [] : await live.catalogue(),
  explain: ({ names: live, operands }) => (operands.length === 0 ? live.ids() : []),
  daemon: oneOf('start', 'status', 'stop', 'uninstall'),
  import: oneOf('docker'),
  completion: oneOf('bash', 'zsh', 'fish'),
  registry: ({ operands: [verb, ...rest] }) =>
    verb === undefined
      ? ['start', 'status', 'stop', 'user', 'login', 'logout', 'clean']
      : verb === 'user' && rest.length === 0
        ? ['add', 'remove', 'list']
        : [],
}
