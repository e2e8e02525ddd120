import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { sleep, systemClock } from '#base/clock.ts'
import { answering, type Engine } from './engines.ts'
import { interleaved, median, type Contender } from './measure.ts'
import { cpuTime, proportionalMemory } from './memory.ts'

/** One line of the table: Galley's and the peer's figure, and how many times as good Galley's must be. */
export interface Row {
  readonly what: string
  readonly unit: string
  readonly galley: number
  readonly peer: number
  /** peer : galley, or galley : peer where more is better. */
  readonly ratio: number
  readonly wanted: number
}

export interface Pair {
  readonly galley: Engine
  readonly peer: Engine
}

const single = ['run', '--rm', 'box', 'true'] as const

/** Medians of `run` against both. */
async function timed(pair: Pair, what: string, wanted: number, run: (engine: Engine) => Promise<unknown>): Promise<Row> {
  const contenders = [pair.galley, pair.peer].map((engine): Contender => ({ name: engine.name, run: async () => void (await run(engine)) }))
  const [galley = 0, peer = 0] = await interleaved(contenders, { rounds: 15 })
  return { what, unit: 'ms', galley, peer, ratio: peer / galley, wanted }
}

export async function runs(pair: Pair): Promise<Row[]> {
  return [
    await timed(pair, 'docker run --rm box true', 5, (engine) => engine.docker(...single)),
    await timed(pair, 'the same through the API alone', 7, (engine) => engine.api.run(['true'])),
  ]
}

export async function execs(pair: Pair): Promise<Row[]> {
  for (const engine of [pair.galley, pair.peer]) await engine.docker('run', '-d', '--name', 'target', 'box', 'sleep', '1000')
  const rows = [
    await timed(pair, 'docker exec c true', 3, (engine) => engine.docker('exec', 'target', 'true')),
    await timed(pair, 'the same through the API alone', 6, (engine) => engine.api.exec('target', ['true'])),
  ]
  for (const engine of [pair.galley, pair.peer]) await engine.docker('rm', '-f', 'target')
  return rows
}

/** Fifty at once, as a test suite or a boot starts them; containers a second. */
export async function parallel(pair: Pair): Promise<Row> {
  const count = 50
  const rate = async ({ api }: Engine): Promise<number> => {
    const start = performance.now()
    await Promise.all(Array.from({ length: count }, () => api.run(['true'])))
    return (count * 1000) / (performance.now() - start)
  }
  const rates = { galley: [] as number[], peer: [] as number[] }
  for (let round = 0; round < 3; round++) {
    rates.galley.push(await rate(pair.galley))
    rates.peer.push(await rate(pair.peer))
  }
  const [galley, peer] = [median(rates.galley), median(rates.peer)]
  return { what: '50 containers at once', unit: '/s', galley, peer, ratio: galley / peer, wanted: 8 }
}

/** A round for each archive. Nothing is deleted between them: ext4 avoids inodes that were deleted a moment ago. */
export async function load(pair: Pair, archives: readonly string[]): Promise<Row[]> {
  const times = { galley: [] as number[], peer: [] as number[] }
  const loads = { galley: [] as number[], peer: [] as number[] }
  for (const archive of archives) {
    for (const name of ['galley', 'peer'] as const) {
      const engine = pair[name]
      const [start, before] = [performance.now(), cpuTime(engine.processes())]
      await engine.docker('load', '-i', archive)
      loads[name].push(cpuTime(engine.processes()) - before)
      await engine.docker('run', '--rm', 'large', 'true')
      times[name].push(performance.now() - start)
    }
  }
  const row = (what: string, of: typeof times, wanted: number): Row => {
    const [galley, peer] = [median(of.galley), median(of.peer)]
    return { what, unit: 'ms', galley, peer, ratio: peer / galley, wanted }
  }
  return [row('load a 250 MB root file system and run it', times, 2), row('processor time of that load', loads, 1)]
}

export async function memory(pair: Pair): Promise<Row[]> {
  const idle = (engine: Engine): number => proportionalMemory(engine.processes())
  // Idle is who has nothing to do, not who has just stopped: both may tidy up first.
  await sleep(systemClock, 30_000)
  const [galley, peer] = [idle(pair.galley), idle(pair.peer)]
  const count = 20
  for (const engine of [pair.galley, pair.peer]) {
    for (let index = 0; index < count; index++)
      await engine.docker('run', '-d', '--name', `m${index}`, '-p', '127.0.0.1::80', 'box', 'sleep', '1000')
  }
  // As before: what starting them took is not what they take.
  await sleep(systemClock, 30_000)
  const each = { galley: (idle(pair.galley) - galley) / count, peer: (idle(pair.peer) - peer) / count }
  for (const engine of [pair.galley, pair.peer])
    await engine.docker('rm', '-f', ...Array.from({ length: count }, (_, index) => `m${index}`))
  return [
    { what: 'idle daemon and helpers, PSS', unit: 'MB', galley, peer, ratio: peer / galley, wanted: 2 },
    { what: 'added by a container with a port, PSS', unit: 'MB', ...each, ratio: each.peer / each.galley, wanted: 4 },
  ]
}

/** Per cent of a core over an idle minute, which begins when both have tidied up. */
export async function idleLoad({ galley, peer }: Pair): Promise<Row> {
  const seconds = 60
  await sleep(systemClock, 30_000)
  const before = [galley, peer].map((engine) => cpuTime(engine.processes()))
  await sleep(systemClock, seconds * 1000)
  const [own = 0, other = 0] = [galley, peer].map((engine, index) => (cpuTime(engine.processes()) - (before[index] ?? 0)) / (seconds * 10))
  return { what: 'idle load, of a core', unit: '%', galley: own, peer: other, ratio: 0.5 / Math.max(own, 0.01), wanted: 1 }
}

/** From the command to the socket's first answer, the compile cache being warm. */
export async function startUp({ galley }: Pair): Promise<Row> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    await galley.stop()
    const start = performance.now()
    await galley.start()
    await answering(galley.socket)
    times.push(performance.now() - start)
  }
  const own = median(times)
  return { what: 'daemon start to first answer (at most 300 ms)', unit: 'ms', galley: own, peer: 300, ratio: 300 / own, wanted: 1 }
}

export async function commands({ galley }: Pair): Promise<Row[]> {
  const environment = { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${galley.socket}`, GALLEY_SOCKET: galley.socket }
  const command = (program: string, ...args: string[]): Contender => ({
    name: program,
    run: async () => void spawnSync(program, args, { env: environment, stdio: 'ignore' }),
  })
  const [version = 0, dockerVersion = 0] = await interleaved([command('./galley', '--version'), command('docker', '--version')], {
    rounds: 15,
  })
  const [ps = 0, dockerPs = 0] = await interleaved([command('./galley', 'ps'), command('docker', 'ps')], { rounds: 15 })
  return [
    {
      what: 'galley --version beside docker --version',
      unit: 'ms',
      galley: version,
      peer: dockerVersion,
      ratio: dockerVersion / version,
      wanted: 1 / 3,
    },
    { what: 'galley ps beside docker ps', unit: 'ms', galley: ps, peer: dockerPs, ratio: dockerPs / ps, wanted: 1 / 4 },
  ]
}

/** The floor: the runtime alone on a prepared bundle, without network, image or record. */
export async function bareRuntime(rootfs: string, home: string): Promise<number> {
  const bundle = `${home}/bundle`
  mkdirSync(bundle, { recursive: true })
  const config = {
    ociVersion: '1.0.2',
    root: { path: rootfs },
    process: { args: ['true'], cwd: '/', env: ['PATH=/bin'] },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: ['mount', 'pid', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
  }
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config))
  // crun takes a version 2 tree beside version 1 controllers for an unsupported hybrid: hide it.
  const script = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec crun --root "$1/crun" run --bundle "$1/bundle" "$2"'
  let number = 0
  const run = async (): Promise<void> => {
    const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', home, `floor${number++}`], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`crun: ${stderr}`)
  }
  const [floor = 0] = await interleaved([{ name: 'crun', run }], { rounds: 15 })
  return floor
}
