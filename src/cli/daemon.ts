import { commandLineOf, configOf, daemonOptions, type Config, type DaemonOptions } from '#daemon/config.ts'
import { runningDaemon } from '#daemon/holder.ts'
import { locate, planned } from '#daemon/locate.ts'
import type { Command, Syntax } from './command.ts'
import { ensureDaemon, ownCommand } from './ensure-daemon.ts'
import { needRoot } from './need-root.ts'
import { parseOptions } from './options.ts'

const syntax = {
  usage: 'daemon [start|status|stop|uninstall]',
  does: `Runs the engine in the foreground. The options name the instance, also to the words that may stand in front of them:

  start      run it in the background
  status     say whether it runs; exit code 3 when it doesn't
  stop       stop it; containers keep running
  uninstall  end all that runs of it, containers too, and remove its bridges and rules; data is kept`,
  options: daemonOptions,
} as const satisfies Syntax

const verbs: Readonly<Record<string, (given: DaemonOptions) => Promise<number>>> = {
  start: (given) => startDaemon(planned(given, process.env)),
  status: (given) => status(locate(given, process.env)),
  stop: (given) => stop(locate(given, process.env)),
  uninstall: (given) => uninstallDaemon(locate(given, process.env)),
}

export const daemon: Command = {
  syntax,
  async run(args) {
    const [verb = '', ...rest] = args
    const task = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    const { values } = parseOptions(task === undefined ? args : rest, syntax)
    needRoot(`galley daemon ${args.join(' ')}`.trim())
    return await (task ?? inForeground)(values)
  },
}

async function inForeground(given: DaemonOptions): Promise<number> {
  const options = planned(given, process.env)
  const { runDaemon } = await import('#daemon/main.ts')
  await runDaemon(configOf(options), ownCommand(commandLineOf(options)))
  return 0
}

/** In the background. */
export async function startDaemon(options: DaemonOptions): Promise<number> {
  const config = configOf(options)
  await ensureDaemon(config, commandLineOf(options))
  return await status(config)
}

async function status({ run, socket }: Config): Promise<number> {
  const pid = runningDaemon(run)
  say(pid === undefined ? 'stopped' : `running, process ${pid}, socket ${socket}`)
  return pid === undefined ? 3 : 0
}

async function stop({ run }: Config): Promise<number> {
  const { stopDaemon } = await import('#daemon/uninstall.ts')
  say((await stopDaemon(run)) ? 'the daemon has stopped; containers keep running' : `no daemon runs in ${run}`)
  return 0
}

/** Images, containers' records and volumes stay. */
export async function uninstallDaemon(config: Config): Promise<number> {
  const { uninstall } = await import('#daemon/uninstall.ts')
  await uninstall(config, say)
  say(`nothing of this instance runs; its data is kept in ${config.data}`)
  return 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
