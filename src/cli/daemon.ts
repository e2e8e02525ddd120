import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { sleep, systemClock } from '#base/clock.ts'
import type { Config } from '#daemon/config.ts'

interface Place {
  readonly run: string
  readonly socket: string
}

const verbs: Readonly<Record<string, (config: Config) => Promise<number>>> = { status, stop, uninstall }

/** `galley daemon [start|status|stop|uninstall]`. */
export async function daemon(args: readonly string[]): Promise<number> {
  const [verb = '', ...rest] = args
  const act = verbs[verb]
  const { locate, planned } = await import('#daemon/locate.ts')
  if (act !== undefined) return act(locate(rest, process.env))
  if (verb === 'start') return startInBackground(planned(rest, process.env), rest)
  const { runDaemon } = await import('#daemon/main.ts')
  return runDaemon(args)
}

async function runningPid(run: string): Promise<number | undefined> {
  const { runningDaemon } = await import('#daemon/holder.ts')
  return runningDaemon(run)
}

async function status({ run, socket }: Config): Promise<number> {
  const pid = await runningPid(run)
  say(pid === undefined ? 'stopped' : `running, process ${pid}, socket ${socket}`)
  return pid === undefined ? 3 : 0
}

async function stop({ run }: Config): Promise<number> {
  const { stopDaemon } = await import('#daemon/uninstall.ts')
  say((await stopDaemon(run)) ? 'the daemon has stopped; containers keep running' : `no daemon runs in ${run}`)
  return 0
}

async function startInBackground(config: Config, args: readonly string[]): Promise<number> {
  const { data, run, socket } = config
  const code = await ensureDaemon(config, [...args, '--data', data, '--run', run, '--socket', socket])
  return code === 0 ? status(config) : code
}

/** Resolves with 0 when a daemon answers: this one, or another that was faster, as the keeper starts one that died by itself. */
export async function ensureDaemon({ run, socket }: Place, args: readonly string[]): Promise<number> {
  mkdirSync(run, { recursive: true, mode: 0o711 })
  let failed: Promise<number> | undefined
  for (;;) {
    const pid = await runningPid(run)
    if (pid !== undefined && (await answers(socket))) return 0
    if (pid === undefined) failed ??= launch(run, args)
    const code = await Promise.race([sleep(systemClock, 20), ...(failed === undefined ? [] : [failed])])
    if (typeof code === 'number' && (await runningPid(run)) === undefined) {
      process.stderr.write(`galley: the daemon did not start; read ${run}/daemon.log\n`)
      return code
    }
  }
}

/** Starts the daemon; resolves with its exit code should it end. */
function launch(run: string, args: readonly string[]): Promise<number> {
  const log = openSync(`${run}/daemon.log`, 'a', 0o600)
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'daemon', ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  })
  child.unref()
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

/** Images, containers' records and volumes stay. */
async function uninstall(config: Config): Promise<number> {
  const { uninstall: dismantle } = await import('#daemon/uninstall.ts')
  await dismantle(config, say)
  say(`nothing of this instance runs; its data is kept in ${config.data}`)
  return 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
