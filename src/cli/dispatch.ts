import { GalleyError } from '#base/error.ts'
import { helpText, type Command } from './command.ts'
import { commands, verbs } from './commands.ts'
import { fail, unknownCommand } from './fail.ts'
import { isMeant } from './meant.ts'
import { columnsOf } from './render/wrap.ts'
import { chooseLanguage } from './words.ts'

const explain = { type: 'boolean', does: 'print the docker commands that do the same, and do nothing' } as const

/**
 * Carries out a command of the command line; resolves with the exit code. What goes wrong is said here, as this file can be a bundle
 * with an error class of its own (newest.ts).
 */
export async function dispatch(name: string, args: readonly string[]): Promise<number> {
  process.stdout.on('error', endUnwritten)
  try {
    await chooseLanguage(process.env)
    if (helpWords.includes(name)) return await help(args.find((word) => !helpWords.includes(word)))
    if (isHelpWanted(name, args)) return await help(name)
    if (isMeant('--explain', name, args)) return await explainVerb(name, args)
    return await (await commandOf(name)).run(args)
  } catch (error) {
    // docker compose has one code for all failures.
    return fail(error, args, name === 'compose' ? 1 : undefined)
  }
}

/** What a shell says of a program that SIGPIPE has ended. */
const unread = 141

/**
 * Whoever reads has enough, as `head` does, which is no failure, or what is written has no room; what is an output of its own tells of
 * that itself (build/sinks.ts).
 */
function endUnwritten(error: Error & { readonly code?: string }): void {
  if (process.stdout.listenerCount('error') > 1) return
  process.exit(error.code === 'EPIPE' ? unread : fail(error))
}

function isHelpWanted(command: string, words: readonly string[]): boolean {
  return isMeant('--help', command, words) || isMeant('-h', command, words)
}

/** Prints the docker commands that do the same as a verb with these arguments, and does nothing else. */
async function explainVerb(name: string, args: readonly string[]): Promise<number> {
  const { syntax } = await commandOf(name)
  if (!Object.hasOwn(verbs, name))
    throw new GalleyError('not implemented', `no docker command does the same as galley ${name}`, {
      code: 'cli.unsupported',
      subject: name,
    })
  const { dockerCommands } = await import('./explain/docker-commands.ts')
  const at = args.indexOf('--explain')
  const lines = await dockerCommands(name, [...args.slice(0, at), ...args.slice(at + 1)], syntax)
  return print(lines.map((line) => `${line}\n`).join(''))
}

const helpWords = ['help', '--help', '-h']

/** Without a command, of all of them. */
async function help(command: string | undefined): Promise<number> {
  if (command === undefined) return print((await import('./overview.ts')).overview(columnsOf(process.stdout)))
  const { syntax } = await commandOf(command)
  const options = Object.hasOwn(verbs, command) ? { ...syntax.options, explain } : syntax.options
  return print(helpText({ ...syntax, options }, columnsOf(process.stdout)))
}

async function commandOf(command: string): Promise<Command> {
  const load = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (load !== undefined) return await load()
  throw unknownCommand(command, Object.keys(commands))
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}
