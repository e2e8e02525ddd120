import { GalleyError } from '#base/error.ts'
import { helpText, type Command } from './command.ts'
import { commands, verbs } from './commands.ts'
import { fail, unknownCommand } from './fail.ts'
import { chooseLanguage, inWords } from './words.ts'

const overview = `Usage: galley COMMAND

  up [DIR]        run the Compose file, or the Dockerfile, of a directory
  diff [DIR]      what up would do, and why
  why [SERVICE]   how services are, and why they fail; also containers, images, networks, volumes, :PORT
  lint [DIR]      what is likely to go wrong, before anything runs
  down [DIR]      remove its containers and networks
  ps [DIR]        its containers, or all of them where there is no project
  logs [SERVICE]  what they wrote
  exec SERVICE    run a command in a container
  run SERVICE     run a command in a container of its own
  build PATH      build an image from a Dockerfile, as docker build does
  build, pull, push [SERVICE]
  stop, start, restart, kill, pause, unpause, rm [SERVICE]
  wait, top, port, images, events [SERVICE]
  cp              copy files between a container and here
  watch           bring services up, and change them as files change
  config          the Compose files as one, with all that they mean
  scale SERVICE=N how many containers a service has
  ls              the projects that are here
  compose VERB    all of these as docker compose writes them

  daemon          run the engine; daemon start, status, stop and uninstall
  explain [ID]    what an error or a rule means, and what to try
  doctor          check what this machine lacks, and how to mend it
  env             print what points the docker command at Galley: eval $(galley env)
  registry        serve images to others: registry start, status, stop, user add
  images catalogue  the images that are made here when no registry can be reached
  bundle          put them into one file, for machines without a network
  import docker   bring the images and volumes of Docker on this machine over
  completion SHELL  what bash, zsh or fish needs to complete galley's words
  install         start at boot, a galley command in the path, a context for docker
  uninstall       take that back

  help COMMAND    what a command does, and its options
  version         print the version

Galley sends nothing home.
`

const explain = { type: 'boolean', does: 'print the docker commands that do the same, and do nothing' } as const

/**
 * Carries out a command of the command line; resolves with the exit code. What goes wrong is said here, as this file can be a bundle
 * with an error class of its own (newest.ts).
 */
export async function dispatch(name: string, args: readonly string[]): Promise<number> {
  try {
    await chooseLanguage(process.env)
    if (['help', '--help', '-h'].includes(name))
      return args[0] === undefined ? print(`${inWords(overview.trimEnd())}\n`) : await help(args[0])
    if (isHelpWanted(name, args)) return await help(name)
    if (isMeant('--explain', name, args)) return await explainVerb(name, args)
    return await (await commandOf(name)).run(args)
  } catch (error) {
    return fail(error, args)
  }
}

function isHelpWanted(command: string, words: readonly string[]): boolean {
  return isMeant('--help', command, words) || isMeant('-h', command, words)
}

/** What follows the service of exec is another program's, and the verb of compose has options of its own. */
function isMeant(option: string, command: string, words: readonly string[]): boolean {
  const end = ['exec', 'run', 'compose'].includes(command) ? words.findIndex((word) => !word.startsWith('-')) : words.indexOf('--')
  return words.slice(0, end < 0 ? words.length : end).includes(option)
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

async function help(command: string): Promise<number> {
  const { syntax } = await commandOf(command)
  const options = Object.hasOwn(verbs, command) ? { ...syntax.options, explain } : syntax.options
  return print(helpText({ ...syntax, options }))
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
