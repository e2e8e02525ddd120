import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { ContainerIndex } from '#engine/containers/container-index.ts'
import { completeHostConfig } from '#engine/containers/defaults.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { Execs } from '#engine/containers/execs.ts'
import type { KeeperEvents } from '#engine/containers/keeper-client.ts'
import type { Container } from '#engine/containers/model.ts'
import { Restarts } from '#engine/containers/restarts.ts'
import { EventBus } from '#engine/events/bus.ts'
import { protocolVersion } from '#keeper/protocol.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { adopt, replaceKeepers } from './adopt.ts'
import type { KeptListeners } from './kept-listeners.ts'

function container(id: string, state: Partial<Container['state']>): Container {
  return {
    id,
    name: `n${id}`,
    config: { Image: 'box', Labels: {} },
    hostConfig: completeHostConfig({ NetworkMode: 'host', RestartPolicy: { Name: 'always' } }),
    mounts: [{ type: 'volume', name: 'shared' }],
    addresses: [],
    ports: [],
    restartCount: 0,
    state: { status: 'running', pid: 1, startedAt: 1, finishedAt: 0, ...state },
  } as unknown as Container
}

interface Told {
  /** What the keeper tells a daemon that comes to it. */
  readonly holds: (events: KeeperEvents) => void
  /** Called when that is told. */
  readonly met?: (events: KeeperEvents) => void
}

/** An engine whose steps are written down; its containers can't be started, as their image is gone. */
class Bench implements Disposable {
  readonly clock = new FakeClock()
  readonly steps: string[] = []
  readonly engine: Engine
  readonly #data = mkdtempSync(`${tmpdir()}/galley-adopt-`)

  constructor({ holds, met }: Told) {
    const { clock, steps } = this
    const done = (step: string): void => void steps.push(step)
    let told: KeeperEvents | undefined
    this.engine = {
      clock,
      data: this.#data,
      run: this.#data,
      cgroup: '/galley-test-none',
      log: { warn: () => undefined, error: () => undefined },
      events: new EventBus(clock),
      containers: new ContainerIndex(openMemoryStore()),
      restarts: new Restarts(clock),
      execs: new Execs(clock),
      keeper: {
        version: () => Promise.resolve(protocolVersion),
        watch: async (events: KeeperEvents) => {
          told = events
          holds(events)
        },
        guard: async () => told !== undefined && met?.(told),
        forget: async (id: string) => done(`forget ${id}`),
        settled: () => done('settled'),
        hasAsked: () => true,
      },
      networks: {
        restore: () => undefined,
        resume: async () => {
          await clock.advance(1000)
          done('resumed')
        },
      },
      volumes: {
        hold: (name: string, id: string) => done(`hold ${name} ${id}`),
        unmount: (name: string, id: string) => done(`let go ${name} ${id}`),
        mount: (name: string, id: string) => Promise.resolve(done(`start ${name} ${id}`)),
      },
      images: {
        resolve: () => {
          throw new Error('no such image')
        },
      },
      runtimes: { all: [{ name: 'crun', program: process.execPath, global: () => [] }], usual: 'crun' },
    } as unknown as Engine
  }

  get told(): Omit<Parameters<typeof adopt>[1], 'keepers'> {
    return { daemon: {} as never, listeners: { tellAll: () => Promise.resolve() } as KeptListeners }
  }

  [Symbol.dispose](): void {
    this.engine.restarts[Symbol.dispose]()
    rmSync(this.#data, { recursive: true })
  }
}

test('what ends while a daemon starts is booked and started again when all is adopted, and not before', async () => {
  using bench = new Bench({ holds: (events) => events.running('a', 7), met: (events) => events.exit('a', 3, 5) })
  const { engine, steps, clock } = bench
  const one = container('a', {})
  await engine.containers.save(one)
  await using keepers = replaceKeepers(engine, bench.told)
  assert.deepEqual(await adopt(engine, { ...bench.told, keepers }), [])
  assert.deepEqual(steps, ['hold shared a', 'resumed'])
  await clock.advance(1000)
  assert.deepEqual([one.state.exitCode, one.restartCount], [128, 1])
  assert.deepEqual(steps.slice(2, 5), ['let go shared a', 'forget a', 'start shared a'])
})

test('what runs holds its volumes before what has ended lets them go', async () => {
  using bench = new Bench({
    holds(events) {
      events.running('b', 7)
      events.exit('a', 3, 5)
    },
  })
  const { engine, steps } = bench
  await engine.containers.save(container('a', {}), container('b', {}))
  await using keepers = replaceKeepers(engine, bench.told)
  const wanted = await adopt(engine, { ...bench.told, keepers })
  assert.deepEqual(
    wanted.map(({ id }) => id),
    ['a'],
  )
  assert.deepEqual(steps.slice(0, 2), ['hold shared b', 'let go shared a'])
})

test('a start that waits for another keeper does not keep that one from being adopted', async () => {
  using bench = new Bench({ holds: (events) => events.exit('a', 3, 5) })
  const { engine, steps } = bench
  await engine.containers.save(container('a', { status: 'restarting', pid: 0 }))
  const start = Promise.withResolvers<void>()
  const waiting = engine.containers.inTurn('a', () => start.promise)
  await using keepers = replaceKeepers(engine, bench.told)
  keepers.touch('keeper')
  for (let round = 0; round < 20; round++) await bench.clock.advance(0)
  start.resolve()
  await waiting
  assert.deepEqual(steps, ['resumed', 'forget a', 'settled'])
})
