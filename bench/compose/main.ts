import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { dockerEngine, galley, type Engine } from '../engine/engines.ts'
import { makeBox } from '../engine/images.ts'
import { breath, median } from '../engine/measure.ts'
import { unmountBelow } from '../engine/unmount.ts'
import { newerPlugin } from '../../test/newer-clients.ts'

/** `bash bench/run.sh compose`: `galley` beside `docker compose` on Docker Engine: up, up again, one change, down. */
const home = mkdtempSync(`${tmpdir()}/galley-bench-`)
const wanted = { up: 4, again: 5, change: 4, down: 1 } as const
type What = keyof typeof wanted
const called: Readonly<Record<What, string>> = {
  up: 'up, nothing there',
  again: 'up again, nothing to do',
  change: 'up, one service changed',
  down: 'down',
}

interface Contender {
  readonly engine: Engine
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Services of which every other one depends on the one before it. They end at once when they are told to. */
function project(services: number, word: string): string {
  const one = (index: number): string => `  s${index}:
    image: box
    command: sleep 100000
    stop_grace_period: 0s
    environment: {WORD: ${index === 0 ? word : 'same'}}
${index % 2 === 1 ? `    depends_on: [s${index - 1}]\n` : ''}`
  return `services:\n${Array.from({ length: services }, (_, index) => one(index)).join('')}`
}

/** Milliseconds that a command takes; throws when it fails. */
function timed({ command: [program = '', ...first], env }: Contender, directory: string, args: readonly string[]): Promise<number> {
  const began = performance.now()
  const child = spawn(program, [...first, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve, reject) =>
    child.on('close', (code) =>
      code === 0 ? resolve(performance.now() - began) : reject(new Error(`${program} ${args.join(' ')}: ${err}`)),
    ),
  )
}

/** Docker Engine gives up on some of many containers that stop at once; it is asked until none is left. */
async function takeDown(contender: Contender, directory: string): Promise<number> {
  await setTimeout(breath)
  const began = performance.now()
  for (let attempt = 0; ; attempt++) {
    try {
      await timed(contender, directory, ['down'])
      return performance.now() - began
    } catch (error) {
      if (attempt > 5) throw error
      console.log(`(${contender.engine.name}: down failed and is tried again)`)
    }
  }
}

async function round(contender: Contender, services: number): Promise<Record<What, number>> {
  const directory = `${home}/${contender.engine.name.replace(' ', '')}/p${services}`
  mkdirSync(directory, { recursive: true })
  writeFileSync(`${directory}/compose.yaml`, project(services, 'one'))
  const bringUp = async (): Promise<number> => {
    await setTimeout(breath)
    return timed(contender, directory, ['up', '-d'])
  }
  const up = await bringUp()
  const again = await bringUp()
  writeFileSync(`${directory}/compose.yaml`, project(services, 'two'))
  const change = await bringUp()
  return { up, again, change, down: await takeDown(contender, directory) }
}

async function compare(contenders: readonly [own: Contender, peer: Contender], services: number, rounds: number): Promise<void> {
  const times: Record<What, [number[], number[]]> = { up: [[], []], again: [[], []], change: [[], []], down: [[], []] }
  for (let turn = -1; turn < rounds; turn++)
    for (const [index, contender] of contenders.entries()) {
      const measured = await round(contender, services)
      if (turn >= 0) for (const what of Object.keys(times) as What[]) times[what][index]?.push(measured[what])
    }
  for (const what of Object.keys(times) as What[]) {
    const [own, peer] = times[what].map(median) as [number, number]
    const ratio = peer / own
    const reached = ratio >= wanted[what] ? 'yes' : '**no**'
    console.log(
      `| ${services} services: ${called[what]} | ${own.toFixed(0)} ms | ${peer.toFixed(0)} ms | ${ratio.toFixed(1)} | ${wanted[what]} | ${reached} |`,
    )
  }
}

/** Services, and how often each thing is measured; numbers of services can be named on the command line. */
const sizes = (
  [
    [2, 5],
    [10, 3],
    [50, 1],
  ] as const
).filter(([services]) => process.argv.length < 3 || process.argv.includes(String(services)))

const own = galley(home)
const peer = dockerEngine(home)
const compose = await newerPlugin('docker-compose')
try {
  if (compose === undefined) throw new Error('docker compose 2.40 can not be had')
  const { tar } = makeBox(home)
  await own.start()
  await peer.start()
  for (const engine of [own, peer]) await engine.docker('import', tar, 'box')
  const contenders = [
    { engine: own, command: [`${process.cwd()}/galley`], env: { GALLEY_SOCKET: own.socket } },
    { engine: peer, command: [compose], env: { DOCKER_HOST: `unix://${peer.socket}` } },
  ] as const
  console.log('| what | galley | docker compose | ratio | wanted | reached |\n|---|---|---|---|---|---|')
  for (const [services, rounds] of sizes) await compare(contenders, services, rounds)
} finally {
  own.api.close()
  peer.api.close()
  await own.stop()
  await peer.stop()
  unmountBelow(home)
  rmSync(home, { recursive: true, force: true })
}
