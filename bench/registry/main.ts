import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { RegistryServer } from '../../test/registry-server.ts'
import { galley } from '../engine/engines.ts'
import { median } from '../engine/measure.ts'
import { cpuTime, processes, type Process } from '../engine/memory.ts'
import { newBlob, RegistryClient, type Blob } from './client.ts'

/** `bash bench/run.sh registry`: Galley's registry beside Debian's docker-registry, same client, interleaved. */
/** Only cases whose name contains this. */
const only = process.env['GALLEY_BENCH_ONLY'] ?? ''
const port = 17_655
const large = 64 << 20
const small = 2048
/** Small blobs of one round, and how many are under way at once. */
const count = 100
const lanes = 8

interface Case {
  readonly what: string
  readonly wanted: number
  readonly rounds: number
  readonly run: (client: RegistryClient, blobs: readonly Blob[]) => Promise<void>
  /** The blobs of one run; new ones for each when they are pushed. */
  readonly blobs: () => readonly Blob[]
  /** What one run did, in the unit. */
  readonly amount: number
  readonly unit: string
}

async function inLanes(blobs: readonly Blob[], task: (blob: Blob) => Promise<void>): Promise<void> {
  const left = [...blobs]
  const lane = async (): Promise<void> => {
    for (let blob = left.pop(); blob !== undefined; blob = left.pop()) await task(blob)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

const manySmall = (): readonly Blob[] => Array.from({ length: count }, () => newBlob(small))
const [kept, keptSmall] = [[newBlob(large)], manySmall()]
const cases: readonly Case[] = [
  {
    what: 'push 64 MB',
    wanted: 2,
    rounds: 9,
    amount: 64,
    unit: 'MB/s',
    blobs: () => [newBlob(large)],
    run: async (client, [blob]) => blob && (await client.push(blob)),
  },
  {
    what: 'pull 64 MB',
    wanted: 1.5,
    rounds: 25,
    amount: 64,
    unit: 'MB/s',
    blobs: () => kept,
    run: async (client, [blob]) => blob && (await client.pullRaw(blob)),
  },
  {
    what: 'push 2 KB, eight at once (POST, PATCH, PUT)',
    wanted: 2,
    rounds: 5,
    amount: count,
    unit: 'a second',
    blobs: manySmall,
    run: (client, blobs) => inLanes(blobs, (blob) => client.push(blob)),
  },
  {
    what: 'push 2 KB, one after the other (POST, PUT)',
    wanted: 2,
    rounds: 5,
    amount: count,
    unit: 'a second',
    blobs: manySmall,
    run: async (client, blobs) => {
      for (const blob of blobs) await client.pushWhole(blob)
    },
  },
  {
    what: 'pull 2 KB, eight at once',
    wanted: 1.5,
    rounds: 15,
    amount: count,
    unit: 'a second',
    blobs: () => keptSmall,
    run: (client, blobs) => inLanes(blobs, (blob) => client.pull(blob)),
  },
]

/** One of the two servers. */
interface Server {
  readonly client: RegistryClient
  readonly processes: readonly Process[]
}

/** What one run takes, in milliseconds: the median of the time that passes, and the mean of the server's processor time. */
interface Measured {
  readonly passed: number
  readonly worked: number
}

/** Interleaved; what is sent is made while no clock runs. */
async function measure({ rounds, blobs, run }: Case, servers: readonly Server[]): Promise<Measured[]> {
  const times = servers.map((): number[] => [])
  const worked = servers.map(() => 0)
  for (let round = -2; round < rounds; round++) {
    for (const [index, { client, processes: own }] of servers.entries()) {
      const ready = blobs()
      const [start, before] = [performance.now(), cpuTime(own)]
      await run(client, ready)
      if (round < 0) continue
      times[index]?.push(performance.now() - start)
      worked[index] = (worked[index] ?? 0) + cpuTime(own) - before
    }
  }
  return times.map((all, index) => ({ passed: median(all), worked: (worked[index] ?? 0) / rounds }))
}

function print({ what, amount, unit, wanted }: Case, [galley, peer]: readonly Measured[]): void {
  if (galley === undefined || peer === undefined) return
  const [own, other] = [galley, peer].map(({ passed }) => ((amount / passed) * 1000).toFixed(0))
  const ratio = peer.passed / galley.passed
  console.log(
    `| ${what} | ${own} ${unit} | ${other} ${unit} | ${ratio.toFixed(2)} | ${wanted.toFixed(1)} | ${ratio >= wanted ? 'yes' : '**no**'} |`,
  )
  const processor = [galley.worked, peer.worked].map((milliseconds) => `${milliseconds.toFixed(0)} ms`).join(' | ')
  console.log(`| its processor time in the server | ${processor} | ${(peer.worked / galley.worked).toFixed(2)} | – | |`)
}

const home = mkdtempSync(`${tmpdir()}/galley-bench-registry-`)
const engine = galley(home)
await using peer = new RegistryServer(port + 1)
try {
  await engine.start()
  const options = ['--listen', `127.0.0.1:${port}`, '--anonymous', 'push']
  const started = spawnSync('./galley', ['registry', 'start', ...options], { env: { ...process.env, GALLEY_SOCKET: engine.socket } })
  if (started.status !== 0) throw new Error(String(started.stderr))
  await peer.start()
  using own = new RegistryClient(port)
  using other = new RegistryClient(peer.port)
  for (const client of [own, other]) for (const blob of [...kept, ...keptSmall]) await client.push(blob)
  console.log('| what | Galley | docker-registry | ratio | wanted | reached |\n|---|---|---|---|---|---|')
  const servers = [
    { client: own, processes: engine.processes() },
    { client: other, processes: processes().filter(({ command }) => command.includes(`serve ${peer.home}/`)) },
  ]
  for (const one of cases.filter(({ what }) => what.includes(only))) print(one, await measure(one, servers))
} finally {
  engine.api.close()
  await engine.stop()
  rmSync(home, { recursive: true, force: true })
}
