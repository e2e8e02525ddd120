import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { sleep, systemClock } from '#base/clock.ts'
import { Api } from './api.ts'
import { processes, type Process } from './memory.ts'

/** An engine under measurement: its socket, and how to start, find and stop it. */
export interface Engine {
  readonly name: string
  readonly socket: string
  readonly api: Api
  start(): Promise<void>
  stop(): Promise<void>
  /** Daemon and all its helpers, without the containers' own processes. */
  processes(): Process[]
  /** Runs the docker command against it; throws when that fails. */
  docker(...args: string[]): Promise<string>
}

function docker(socket: string, args: readonly string[]): Promise<string> {
  const child = spawn('docker', args, {
    env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${socket}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve, reject) =>
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`docker ${args.join(' ')} at ${socket}: ${err}`)))),
  )
}

/** Resolves when somebody accepts connections; stops looking when `signal` is aborted. */
export async function answering(socket: string, signal?: AbortSignal): Promise<void> {
  while (signal?.aborted !== true) {
    const up = await new Promise<boolean>((resolve) => {
      const probe = connect(socket)
      probe.once('connect', () => {
        probe.destroy()
        resolve(true)
      })
      probe.once('error', () => resolve(false))
    })
    if (up) return
    await sleep(systemClock, 5)
  }
}

/** Galley with directories of its own. */
export function galley(home: string): Engine {
  const run = `${home}/galley/run`
  const socket = `${run}/docker.sock`
  const options = ['--data', `${home}/galley/data`, '--run', run, '--pool', '10.251.0.0/16']
  const call = (...args: string[]): void => {
    const { status, stderr } = spawnSync('./galley', ['daemon', ...args, ...options], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  return {
    name: 'Galley',
    socket,
    api: new Api(socket),
    start: async () => call('start'),
    stop: async () => call('uninstall'),
    processes: () => processes().filter(({ command }) => command.includes(run)),
    docker: (...args) => docker(socket, args),
  }
}

/** Debian's Docker Engine in a network namespace of its own, so that it touches none of the host's bridges and rules. */
export function dockerEngine(home: string): Engine {
  const directory = `${home}/docker`
  const socket = `${directory}/docker.sock`
  let child: ChildProcess | undefined
  const script = 'ip link set lo up; exec dockerd "$@"'
  const options = [
    '--data-root',
    `${directory}/data`,
    '--exec-root',
    `${directory}/exec`,
    '--pidfile',
    `${directory}/pid`,
    '-H',
    `unix://${socket}`,
  ]
  return {
    name: 'Docker Engine',
    socket,
    api: new Api(socket),
    async start() {
      spawnSync('mkdir', ['-p', directory])
      const log = openSync(`${directory}/log`, 'a')
      child = spawn('unshare', ['--net', 'sh', '-c', script, 'sh', ...options], { stdio: ['ignore', log, log] })
      const ended = new AbortController()
      child.once('exit', () => ended.abort())
      await answering(socket, ended.signal)
      if (ended.signal.aborted) throw new Error(`dockerd did not start:\n${readFileSync(`${directory}/log`, 'utf8').slice(-2000)}`)
    },
    async stop() {
      if (child === undefined || child.exitCode !== null) return
      const gone = new Promise((resolve) => child?.once('exit', resolve))
      child?.kill('SIGTERM')
      await gone
    },
    processes: () =>
      processes().filter(
        ({ command, parent }) =>
          (/dockerd|containerd/.test(command) && command.includes(directory)) || (/docker-proxy/.test(command) && parent === child?.pid),
      ),
    docker: (...args) => docker(socket, args),
  }
}
