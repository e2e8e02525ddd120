import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dockerEngine, galley, type Engine } from '../engine/engines.ts'
import { makeBox } from '../engine/images.ts'
import { interleaved } from '../engine/measure.ts'
import { lecture, manyFiles, stages, type Context } from './contexts.ts'

/**
 * `bash bench/run.sh build`: the same command builds the same contexts against Galley and Docker Engine, interleaved; medians. The
 * classic builder is asked by the command without its plugin, BuildKit by buildx where that is installed.
 */
const home = mkdtempSync(`${tmpdir()}/galley-bench-`)
const engines = [galley(home), dockerEngine(home)]
const buildx = process.env['GALLEY_BENCH_BUILDX'] ?? ''
const only = process.env['GALLEY_BENCH_ONLY'] ?? ''

/** How the command asks for a build. */
type Door = 'classic' | 'buildx'

function build(engine: Engine, door: Door, { directory }: Context, ...options: string[]): Promise<void> {
  const [program, args] = door === 'buildx' ? [buildx, ['build', '--load']] : ['docker', ['build']]
  const child = spawn(program, [...args, '-q', ...options, directory], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      DOCKER_HOST: `unix://${engine.socket}`,
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

async function cases(door: Door): Promise<void> {
  const all: readonly (readonly [string, Context])[] = [
    ['lecture’s Dockerfile, 40 MB jar', lecture(home)],
    ...(door === 'buildx' ? [['four stages, parallel, cache mounts', stages(home)] as const] : []),
    ['20,000 files', manyFiles(home)],
  ]
  for (const [name, context] of all) {
    await row(`${door}: ${name}, cold`, 5, (engine) => build(engine, door, context, '--no-cache'))
    await row(`${door}: ${name}, warm`, 9, (engine) => build(engine, door, context))
    await row(`${door}: ${name}, after a change`, 5, (engine, round) => {
      context.change(round)
      return build(engine, door, context)
    })
  }
}

try {
  const { tar } = makeBox(home)
  for (const engine of engines) await engine.start()
  for (const engine of engines) await engine.docker('import', tar, 'box')
  console.log('| what | Galley | Docker Engine | ratio |\n|---|---|---|---|')
  await cases('classic')
  if (buildx === '') console.log('\nBuildKit is not measured: GALLEY_BENCH_BUILDX names no docker-buildx')
  else await cases('buildx')
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
