import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util'
import { GalleyError, messageOf } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import type { Syntax } from './command.ts'
import { say } from './say.ts'

/** An option as `parseArgs` reads it and as help tells of it. */
export interface Option extends ParseArgsOptionDescriptor {
  /** What its value is called in help. */
  readonly value?: string
  readonly does: string
  /** Of a switch: whether `=false` says another thing than nothing does. */
  readonly mayBeFalse?: true
}

export type Options = Readonly<Record<string, Option>>

type Parsed<Given extends Options> = ReturnType<
  typeof parseArgs<{ readonly options: Given; readonly allowPositionals: true; readonly args: string[] }>
>

/** The options that name a project. */
export const projectOptions = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'FILE',
    does: 'the Compose file, also oci://NAME or a git repository; several are merged in this order',
  },
  'env-file': { type: 'string', multiple: true, value: 'FILE', does: "variables, instead of the project's .env" },
  profile: { type: 'string', multiple: true, value: 'NAME', does: 'a profile to enable; COMPOSE_PROFILES has more' },
  'project-directory': { type: 'string', value: 'DIR', does: 'where relative paths start' },
  'project-name': { type: 'string', short: 'p', value: 'NAME', does: "the project's name, instead of the directory's" },
} as const satisfies Options

/** The options without these letters, for a command that takes them for something else. */
export function withoutLetters<const Given extends Options>(
  options: Given,
  letters: string,
): { [Name in keyof Given]: Omit<Given[Name], 'short'> } {
  const bare = Object.entries(options).map(([name, option]) => {
    const { short, ...rest } = option
    return [name, short !== undefined && letters.includes(short) ? rest : option]
  })
  return Object.fromEntries(bare) as { [Name in keyof Given]: Omit<Given[Name], 'short'> }
}

/** Parts a command's own arguments from those that begin with its `operands`th operand, and belong to another program. */
export function splitAfterOperands(
  args: readonly string[],
  { options }: Syntax,
  operands: number,
): { readonly own: readonly string[]; readonly rest: readonly string[] } {
  let left = operands
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    if (word === '--') return { own: args.slice(0, at), rest: args.slice(at + 1) }
    if (!word.startsWith('-') || word === '-') {
      if (left === 0) return { own: args.slice(0, at), rest: args.slice(at) }
      left--
    } else if (takesNext(word, options)) at++
  }
  return { own: args, rest: [] }
}

/** Whether an option's value is the next word. */
function takesNext(word: string, options: Options): boolean {
  if (word.includes('=')) return false
  const last = word.at(-1)
  const option = word.startsWith('--') ? options[word.slice(2)] : Object.values(options).find(({ short }) => short === last)
  return option?.type === 'string'
}

/** Parses a command's arguments. Throws `invalid` for what its syntax doesn't know. */
export function parseOptions<const Given extends Options>(args: readonly string[], syntax: Syntax<Given>): Parsed<Given> {
  const parsed = parse(args, syntax)
  refuse(parsed.values, syntax)
  warnOfOutdated(parsed.values, syntax)
  const surplus = parsed.positionals[syntax.operands ?? 0]
  if (surplus !== undefined) throw wrong(`unexpected argument '${surplus}'`, syntax)
  return parsed
}

/** Throws `not implemented` for an option that is known, and not carried out. */
function refuse(values: Readonly<Record<string, unknown>>, { refused = {} }: Syntax): void {
  const name = Object.keys(refused).find((one) => values[one] !== undefined)
  if (name === undefined) return
  throw new GalleyError('not implemented', `--${name} is not implemented by Galley`, {
    code: 'cli.unsupported',
    subject: `--${name}`,
    advice: refused[name]?.does ?? '',
  })
}

function warnOfOutdated(values: Readonly<Record<string, unknown>>, { outdated = [] }: Syntax): void {
  for (const name of outdated.filter((one) => values[one] !== undefined))
    say(`warning: --${name} is deprecated by docker compose, and changes nothing`, process.stderr)
}

function parse<const Given extends Options>(args: readonly string[], syntax: Syntax<Given>): Parsed<Given> {
  const outdated = (syntax.outdated ?? []).map((name): [string, Option] => [name, { type: 'boolean', does: '' }])
  const options = { ...Object.fromEntries(outdated), ...syntax.refused, ...syntax.options }
  try {
    const parsed = parseArgs({ args: args.flatMap((word) => switched(word, options)), options, allowPositionals: true })
    const off = Object.fromEntries(switchedOff(args, syntax.options).map((name) => [name, false]))
    return { ...parsed, values: { ...parsed.values, ...off } } as Parsed<Given>
  } catch (error) {
    const unknown = /^Unknown option '--(.*?)'/.exec(messageOf(error))?.[1]
    if (unknown !== undefined) throw wrong(`unknown option --${unknown}`, syntax, nearest(unknown, Object.keys(syntax.options)))
    // What follows the first sentence is about programs in general.
    throw wrong(messageOf(error).split(/\.? To |\n/, 1)[0] ?? '', syntax)
  }
}

/** A switch may have a value, as docker's have: `--pull=false` is as if it were not there. */
function switched(word: string, options: Options): string[] {
  const letters = lettersWithValue(word, options)
  if (letters !== undefined) return switchedLetters(letters, options)
  const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? []
  if (!Object.hasOwn(options, name) || options[name]?.type !== 'boolean') return [word]
  if (/^(true|t|1)$/i.test(value)) return [`--${name}`]
  return /^(false|f|0)$/i.test(value) ? [] : [word]
}

interface Letters {
  /** Of switches, before the one that has the value. */
  readonly before: string
  readonly name: string
  readonly letter: string
  readonly value: string
}

/** `-t=5` and `-dt=5`; undefined when the value is all that follows an earlier letter, as in `-eNAME=1`. */
function lettersWithValue(word: string, options: Options): Letters | undefined {
  const [, letters = '', value = ''] = /^-([a-zA-Z]+)=(.*)$/s.exec(word) ?? []
  const found = [...letters].map((letter) => Object.entries(options).find(([, { short }]) => short === letter))
  const last = found.at(-1)
  if (last === undefined || found.slice(0, -1).some((one) => one?.[1].type !== 'boolean')) return undefined
  return { before: letters.slice(0, -1), name: last[0], letter: letters.slice(-1), value }
}

/** As docker's commands take it, the sign is no part of the value; `parseArgs` would count it in. */
function switchedLetters({ before, name, letter, value }: Letters, options: Options): string[] {
  const rest = before === '' ? [] : [`-${before}`]
  return [...rest, ...(options[name]?.type === 'boolean' ? switched(`--${name}=${value}`, options) : [`-${letter}${value}`])]
}

/** Names of the switches that are turned off, where that says something. */
function switchedOff(args: readonly string[], options: Options): string[] {
  const own = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
  return own.flatMap((word) => {
    const letters = lettersWithValue(word, options)
    const whole = letters === undefined ? word : `--${letters.name}=${letters.value}`
    const [, name = ''] = /^--([^=]+)=(?:false|f|0)$/i.exec(whole) ?? []
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    return option?.default === true || option?.mayBeFalse === true ? [name] : []
  })
}

function wrong(problem: string, { usage }: Syntax, meant?: string): GalleyError {
  const command = usage.split(' ', 1)[0]
  const advice = `galley ${command} --help lists the options.`
  return new GalleyError('invalid', problem, {
    code: 'cli.arguments',
    advice: meant === undefined ? advice : `Did you mean --${meant}? ${advice}`,
  })
}

/** A number of an option, times `unit`; undefined when the option isn't given. Throws `invalid`. */
export function numberOf(text: string | undefined, name: string, unit = 1): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!(number > 0))
    throw new GalleyError('invalid', `--${name} takes a number above 0, not "${text}"`, { code: 'cli.option-value', subject: text })
  return number * unit
}

/** A number of whole seconds of an option, 0 too; undefined when the option isn't given. Throws `invalid`. */
export function secondsOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new GalleyError('invalid', `--${name} takes a number of seconds, not "${text}"`, { code: 'cli.option-value', subject: text })
}
