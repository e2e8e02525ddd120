import type { Command } from './command.ts'

/** Galley's own commands: dispatch first, load what the command needs afterwards. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up.ts')).up,
  down: async () => (await import('./down.ts')).down,
  ps: async () => (await import('./ps.ts')).ps,
  logs: async () => (await import('./logs.ts')).logs,
  daemon: async () => (await import('./daemon.ts')).daemon,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  env: async () => (await import('./env.ts')).env,
  import: async () => (await import('./import.ts')).importDocker,
  install: async () => (await import('./install.ts')).install,
  registry: async () => (await import('./registry.ts')).registry,
  uninstall: async () => (await import('./install.ts')).uninstall,
}

const overview = `Usage: galley COMMAND

  up [DIR]        run the Compose file, or the Dockerfile, of a directory
  down [DIR]      remove its containers and networks
  ps [DIR]        its containers, or all of them where there is no project
  logs [SERVICE]  what they wrote

  daemon          run the engine; daemon start, status, stop and uninstall
  doctor          check what this machine lacks, and how to mend it
  env             print what points the docker command at Galley: eval $(galley env)
  registry        serve images to others: registry start, status, stop, user add
  import docker   bring the images and volumes of Docker on this machine over
  install         start at boot, a galley command in the path, a context for docker
  uninstall       take that back

  help COMMAND    what a command does, and its options
  version         print the version

Galley sends nothing home.
`

const [name = 'help', ...args] = process.argv.slice(2)
process.exit(await main())

async function main(): Promise<number> {
  try {
    if (name === '--version' || name === 'version') return await printVersion()
    if (['help', '--help', '-h'].includes(name)) return args[0] === undefined ? print(overview) : await help(args[0])
    if (isHelpWanted(args)) return await help(name)
    // The daemon's own process loads the daemon and nothing else: it stays for long.
    if (name === 'daemon' && !/^[^-]/.test(args[0] ?? ''))
      return await (await (await import('./newest-daemon.ts')).newestDaemon()).serve(args)
    return await (await commandOf(name)).run(args)
  } catch (error) {
    return (await import('./fail.ts')).fail(error)
  }
}

function isHelpWanted(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end < 0 ? words.length : end).some((word) => word === '--help' || word === '-h')
}

async function help(command: string): Promise<number> {
  const { syntax } = await commandOf(command)
  const { helpText } = await import('./command.ts')
  return print(helpText(syntax))
}

async function commandOf(command: string): Promise<Command> {
  const load = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (load !== undefined) return await load()
  const { unknownCommand } = await import('./fail.ts')
  throw unknownCommand(command, Object.keys(commands))
}

async function printVersion(): Promise<number> {
  const { version } = await import('#base/version.ts')
  return print(`galley ${version()}\n`)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}
