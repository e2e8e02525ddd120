/** Galley's own commands: dispatch first, load what the command needs afterwards. */
const commands: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<number>>>> = {
  daemon: async () => (await import('./daemon.ts')).daemon,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  env: async () => (await import('./env.ts')).env,
  install: async () => (await import('./install.ts')).install,
  uninstall: async () => (await import('./install.ts')).uninstall,
}

const usage = `Usage: galley COMMAND

  daemon          run the engine in the foreground (--data DIR --run DIR --socket PATH --pool CIDR)
  daemon start    run it in the background
  daemon status   say whether it runs
  daemon stop     stop it; containers keep running
  daemon uninstall  stop it and remove its bridges, rules and keeper; data is kept
  doctor          check what this machine lacks, and how to mend it
  install         start at boot, a galley command in the path, a context for docker (--docker-socket: answer at Docker's path too)
  uninstall       take that back; --purge deletes images, containers and volumes as well
  env             print what eval needs to point docker at Galley
  version         print the version

Galley sends nothing home.
`

const [name = 'help', ...args] = process.argv.slice(2)
process.exit(await main(name))

async function main(command: string): Promise<number> {
  if (command === '--version' || command === 'version') {
    const { version } = await import('#base/version.ts')
    process.stdout.write(`galley ${version()}\n`)
    return 0
  }
  if (['help', '--help', '-h'].includes(command)) {
    process.stdout.write(usage)
    return 0
  }
  const load = Object.hasOwn(commands, command) ? commands[command] : undefined
  if (load === undefined) {
    process.stderr.write(`galley: '${command}' is not a galley command.\nSee 'galley help'.\n`)
    return 2
  }
  return (await load())(args)
}
