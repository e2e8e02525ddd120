import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import { commandLineOf, configOf, type Config, type DaemonOptions } from '#daemon/config.ts'
import { runningDaemon } from '#daemon/holder.ts'
import { locate, planned } from '#daemon/locate.ts'
import type { Command, Syntax } from './command.ts'
import { syntax } from './daemon-syntax.ts'
import { ensureDaemon } from './ensure-daemon.ts'
import { needRoot } from './need-root.ts'
import { parseOptions } from './options.ts'
import { outputOptions, tell } from './output.ts'
import { say } from './say.ts'
import { inWords } from './words.ts'

type Given = ReturnType<typeof parseOptions<typeof asked.options>>['values']

const asked = { ...syntax, options: { ...syntax.options, ...outputOptions } } as const satisfies Syntax

const verbs: Readonly<Record<string, (given: DaemonOptions, wished: Given) => Promise<number>>> = {
  start: (given) => startDaemon(planned(given, process.env)),
  status: (given, wished) => status(locate(given, process.env), wished),
  stop: (given) => stop(locate(given, process.env)),
  uninstall: (given) => uninstallDaemon(locate(given, process.env)),
}

/** What is asked of an instance; the daemon itself, which a word less asks for, is `serve`. */
export const daemon: Command = {
  syntax: asked,
  async run(args) {
    const [verb = '', ...rest] = args
    const task = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
    const meant = nearest(verb, Object.keys(verbs))
    if (task === undefined)
      throw new GalleyError('invalid', `unexpected argument '${verb}'`, {
        code: 'cli.arguments',
        advice: meant === undefined ? 'galley daemon --help lists what may stand there.' : `Did you mean ${meant}?`,
      })
    const { values } = parseOptions(rest, asked)
    const { output: _output, json: _json, ...options } = values
    needRoot(`galley daemon ${args.join(' ')}`)
    return await task(options, values)
  },
}

/** In the background. */
export async function startDaemon(options: DaemonOptions): Promise<number> {
  const config = configOf(options)
  await ensureDaemon(config, commandLineOf(options))
  return await status(config)
}

async function status({ run, socket, data }: Config, wished: Pick<Given, 'output' | 'json'> = {}): Promise<number> {
  const pid = runningDaemon(run)
  const state = pid === undefined ? 'stopped' : 'running'
  const text = pid === undefined ? 'stopped' : `running, process ${pid}, socket ${socket}`
  await tell(
    { data: { state, ...(pid !== undefined && { pid }), socket, run, data }, names: [state], text: () => `${inWords(text)}\n` },
    wished,
  )
  return pid === undefined ? 3 : 0
}

/** Before a shutdown containers are stopped as `docker stop` does: systemd would give their processes no time of their own. */
async function stop(config: Config): Promise<number> {
  const { stopDaemon } = await import('#daemon/uninstall.ts')
  const stopped = await stopDaemon(config.run)
  if (isShuttingDown()) {
    const { stopContainers } = await import('#daemon/stop-containers.ts')
    say(`the machine is shutting down; stopped containers: ${await stopContainers(config, systemClock)}`)
  } else say(stopped ? 'the daemon has stopped; containers keep running' : `no daemon runs in ${config.run}`)
  return 0
}

/** Whether systemd has begun to stop all that runs. */
function isShuttingDown(): boolean {
  if (!existsSync('/run/systemd/system')) return false
  return spawnSync('systemctl', ['is-system-running'], { encoding: 'utf8' }).stdout?.trim() === 'stopping'
}

/** Images, containers' records and volumes stay. */
async function uninstallDaemon(config: Config): Promise<number> {
  const { uninstall } = await import('#daemon/uninstall.ts')
  await uninstall(config, (line) => say(line))
  say(`nothing of this instance runs; its data is kept in ${config.data}`)
  return 0
}
