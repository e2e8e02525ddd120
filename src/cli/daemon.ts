import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { sleep, systemClock } from '#base/clock.ts'

const runDirectory = '/run/galley'

interface Place {
  readonly run: string
  readonly socket: string
}

/** `galley daemon [start|status|stop|uninstall]`. */
export async function daemon(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args
  const run = rest[rest.indexOf('--run') + 1] ?? runDirectory
  const directory = rest.includes('--run') ? run : runDirectory
  if (verb === 'start') return startInBackground({ run: directory, socket: socketOf(directory, rest) }, rest)
  if (verb === 'status') return status(directory)
  if (verb === 'stop') return stop(directory)
  if (verb === 'uninstall') return uninstall(directory, rest)
  const { runDaemon } = await import('#daemon/main.ts')
  return runDaemon(args)
}

function socketOf(run: string, args: readonly string[]): string {
  const given = args.includes('--socket') ? args[args.indexOf('--socket') + 1] : undefined
  return given ?? `${run}/docker.sock`
}

async function runningPid(run: string): Promise<number | undefined> {
  const { runningDaemon } = await import('#daemon/holder.ts')
  return runningDaemon(run)
}

async function status(run: string): Promise<number> {
  const pid = await runningPid(run)
  process.stdout.write(pid === undefined ? 'stopped\n' : `running, process ${pid}, socket ${run}/docker.sock\n`)
  return pid === undefined ? 3 : 0
}

async function stop(run: string): Promise<number> {
  const pid = await runningPid(run)
  if (pid === undefined) {
    // It may just have died: then its keeper is about to start it again.
    const { calmKeeper } = await import('#daemon/uninstall.ts')
    await calmKeeper(run)
    process.stdout.write('the daemon is not running\n')
    return 0
  }
  process.kill(pid, 'SIGTERM')
  while ((await runningPid(run)) === pid) await sleep(systemClock, 20)
  process.stdout.write('the daemon has stopped; containers keep running\n')
  return 0
}

async function startInBackground(place: Place, args: readonly string[]): Promise<number> {
  const code = await ensureDaemon(place, args)
  return code === 0 ? status(place.run) : code
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

/** Stops the daemon and its keeper, and removes the instance's bridges and rules. Data stays. */
async function uninstall(run: string, args: readonly string[]): Promise<number> {
  await stop(run)
  const { removeTraces } = await import('#daemon/uninstall.ts')
  await removeTraces(args)
  process.stdout.write('bridges, rules and the keeper are gone; data is kept\n')
  return 0
}
