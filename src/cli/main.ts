/** Galley's own commands: dispatch first, load what the command needs afterwards. */
const commands: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<number>>>> = {
  daemon: async () => (await import('./daemon.ts')).daemon,
  up: async () => (await import('./up.ts')).up,
  down: async () => (await import('./down.ts')).down,
  ps: async () => (await import('./ps.ts')).ps,
  logs: async () => (await import('./logs.ts')).logs,
  doctor: async () => (await import('./doctor/doctor.ts')).doctor,
  env: async () => (await import('./env.ts')).env,
  import: async () => (await import('./import.ts')).importFrom,
  install: async () => (await import('./install.ts')).install,
  uninstall: async () => (await import('./install.ts')).uninstall,
}

const usage = `Usage: galley COMMAND

  up [DIR]        run the Compose file, or the Dockerfile, of a directory: --build, -d, --timeout SECONDS, --restarts N, --json
  down [DIR]      remove its containers and networks; -v its volumes and their data too
  ps              its containers, or all of them where there is no project
  logs [SERVICE]  what they wrote; -f follows
  daemon          run the engine in the foreground (--data DIR --run DIR --socket PATH --pool CIDR)
  daemon start    run it in the background
  daemon status   say whether it runs
  daemon stop     stop it; containers keep running
  daemon uninstall  stop it and remove its bridges, rules and keeper; data is kept
  doctor          check what this machine lacks, and how to mend it
  import docker   bring the images and volumes of Docker on this machine over: --images, --volumes, --socket PATH
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
  try {
    return await (
      await load()
    )(args)
  } catch (error) {
    return (await import('./fail.ts')).fail(error)
  }
}
