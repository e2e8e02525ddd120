import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { sleep, systemClock } from '#base/clock.ts'

const runDirectory = '/run/galley'

/** `galley daemon [start|status|stop|uninstall]`. */
export async function daemon(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args
  const run = rest[rest.indexOf('--run') + 1] ?? runDirectory
  const directory = rest.includes('--run') ? run : runDirectory
  if (verb === 'start') return startInBackground(directory, rest)
  if (verb === 'status') return status(directory)
  if (verb === 'stop') return stop(directory)
  if (verb === 'uninstall') return uninstall(directory, rest)
  const { runDaemon } = await import('#daemon/main.ts')
  return runDaemon(args)
}

function runningPid(run: string): number | undefined {
  try {
    const pid = Number(readFileSync(`${run}/daemon.pid`, 'utf8'))
    process.kill(pid, 0)
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('daemon') ? pid : undefined
  } catch {
    return undefined
  }
}

function status(run: string): number {
  const pid = runningPid(run)
  process.stdout.write(pid === undefined ? 'stopped\n' : `running, process ${pid}, socket ${run}/docker.sock\n`)
  return pid === undefined ? 3 : 0
}

async function stop(run: string): Promise<number> {
  const pid = runningPid(run)
  if (pid === undefined) {
    process.stdout.write('the daemon is not running\n')
    return 0
  }
  process.kill(pid, 'SIGTERM')
  while (runningPid(run) === pid) await sleep(systemClock, 20)
  process.stdout.write('the daemon has stopped; containers keep running\n')
  return 0
}

async function startInBackground(run: string, args: readonly string[]): Promise<number> {
  if (runningPid(run) !== undefined) return status(run)
  mkdirSync(run, { recursive: true, mode: 0o711 })
  const log = openSync(`${run}/daemon.log`, 'a', 0o600)
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'daemon', ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  })
  const failed = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  for (;;) {
    const code = await Promise.race([failed, sleep(systemClock, 20)])
    if (typeof code === 'number') {
      process.stderr.write(`galley: the daemon did not start; read ${run}/daemon.log\n`)
      return code
    }
    if (await answers(`${run}/docker.sock`)) break
  }
  child.unref()
  return status(run)
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
