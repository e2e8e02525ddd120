import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dockerEngine, galley, type Engine } from '../engine/engines.ts'
import { makeBox } from '../engine/images.ts'
import { childrenTime, cpuTime } from '../engine/memory.ts'
import { interleaved } from '../engine/measure.ts'
import { lecture, manyFiles, stages, type Context } from './contexts.ts'

/**
 * `bash bench/run.sh build`: the same command builds the same contexts against Galley and Docker Engine, interleaved; medians. The
 * classic builder is asked by the command without its plugin, BuildKit by buildx where that is installed. Then `galley build` beside
 * buildx, against Galley and against BuildKit.
 */
const home = mkdtempSync(`${tmpdir()}/galley-bench-`)
const engines = [galley(home), dockerEngine(home)]
const buildx = process.env['GALLEY_BENCH_BUILDX'] ?? ''
const only = process.env['GALLEY_BENCH_ONLY'] ?? ''

/** How the command asks for a build. */
type Door = 'classic' | 'buildx' | 'galley'

const commands: Readonly<Record<Door, readonly [program: string, ...args: string[]]>> = {
  classic: ['docker', 'build'],
  buildx: [buildx, 'build', '--load'],
  galley: ['./galley', 'build'],
}

function build(engine: Engine, door: Door, { directory }: Context, ...options: string[]): Promise<void> {
  const [program, ...args] = commands[door]
  const child = spawn(program, [...args, '-q', ...options, directory], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      DOCKER_HOST: `unix://${engine.socket}`,
      GALLEY_SOCKET: engine.socket,
      DOCKER_BUILDKIT: '0',
      BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve, reject) =>
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${engine.name}: ${program} build: ${err}`)))),
  )
}

async function row(what: string, rounds: number, run: (engine: Engine, round: number) => Promise<void>): Promise<void> {
  if (!what.includes(only)) return
  let count = 0
  const contenders = engines.map((engine) => ({ name: engine.name, run: () => run(engine, Math.floor(count++ / engines.length)) }))
  const [own = 0, peer = 0] = await interleaved(contenders, { rounds, warmUp: 1 })
  console.log(`| ${what} | ${own.toFixed(0)} ms | ${peer.toFixed(0)} ms | ${(peer / own).toFixed(2)} |`)
}

/** Contexts by name; the classic builder has no cache mounts. */
function contextsFor(door: Door): readonly (readonly [string, Context])[] {
  return [
    ['lecture’s Dockerfile, 40 MB jar', lecture(home)],
    ...(door === 'classic' ? [] : [['four stages, parallel, cache mounts', stages(home)] as const]),
    ['20,000 files', manyFiles(home)],
  ]
}

async function cases(door: Door): Promise<void> {
  for (const [name, context] of contextsFor(door)) {
    await row(`${door}: ${name}, cold`, 5, (engine) => build(engine, door, context, '--no-cache'))
    await row(`${door}: ${name}, warm`, 9, (engine) => build(engine, door, context))
    await row(`${door}: ${name}, after a change`, 5, (engine, round) => {
      context.change(round)
      return build(engine, door, context)
    })
  }
}

/** One way of building, of which `label` is the heading. */
interface Way {
  readonly label: string
  readonly engine: Engine
  readonly door: Door
}

/** `galley build` beside buildx, which asks Galley and BuildKit for the same. */
async function ownCommand(): Promise<void> {
  const [own, peer] = engines as [Engine, Engine]
  const ways: readonly Way[] = [
    { label: 'galley build', engine: own, door: 'galley' },
    { label: 'buildx, Galley', engine: own, door: 'buildx' },
    { label: 'buildx, BuildKit', engine: peer, door: 'buildx' },
  ]
  console.log(
    `\n| what | ${ways.map(({ label }) => label).join(' | ')} | galley build beside BuildKit | buildx beside BuildKit |\n|---|---|---|---|---|---|`,
  )
  for (const [name, context] of contextsFor('galley')) {
    if (!`galley build: ${name}`.includes(only)) continue
    ownRow(`${name}, cold`, await timesOf(ways, 3, ({ engine, door }) => build(engine, door, context, '--no-cache')))
    ownRow(`${name}, warm`, await timesOf(ways, 21, ({ engine, door }) => build(engine, door, context)))
    ownRow(`${name}, warm, processor time`, await processorTimes(ways, context))
    let count = 0
    const changed = ({ engine, door }: Way): Promise<void> => {
      // Each way has a change of its own: what one has built, the next would find in Galley's cache.
      context.change(1e6 + count++)
      return build(engine, door, context)
    }
    ownRow(`${name}, after a change`, await timesOf(ways, 5, changed))
  }
}

function ownRow(what: string, [first = 0, second = 0, third = 0]: readonly number[]): void {
  const times = [first, second, third].map((time) => `${time.toFixed(0)} ms`).join(' | ')
  console.log(`| ${what} | ${times} | ${(third / first).toFixed(2)} | ${(third / second).toFixed(2)} |`)
}

function timesOf(ways: readonly Way[], rounds: number, run: (way: Way) => Promise<void>): Promise<number[]> {
  return interleaved(
    ways.map((way) => ({ name: way.label, run: () => run(way) })),
    { rounds, warmUp: 1 },
  )
}

/** What a warm build takes of the processors, command and engine together: means in milliseconds. */
async function processorTimes(ways: readonly Way[], context: Context): Promise<number[]> {
  const rounds = 9
  const sums = ways.map(() => 0)
  for (let round = 0; round < rounds; round++)
    for (const [index, { engine, door }] of ways.entries()) {
      const before = childrenTime() + cpuTime(engine.processes())
      await build(engine, door, context)
      sums[index] = (sums[index] ?? 0) + childrenTime() + cpuTime(engine.processes()) - before
    }
  return sums.map((sum) => sum / rounds)
}

try {
  const { tar } = makeBox(home)
  for (const engine of engines) await engine.start()
  for (const engine of engines) await engine.docker('import', tar, 'box')
  console.log('| what | Galley | Docker Engine | ratio |\n|---|---|---|---|')
  await cases('classic')
  if (buildx === '') console.log('\nBuildKit is not measured: GALLEY_BENCH_BUILDX names no docker-buildx')
  else {
    await cases('buildx')
    await ownCommand()
  }
} finally {
  for (const engine of engines) {
    engine.api.close()
    await engine.stop()
  }
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const path of mounts.filter((mount) => mount.startsWith(home)).toReversed()) spawnSync('umount', ['--lazy', path])
  rmSync(home, { recursive: true, force: true })
}
