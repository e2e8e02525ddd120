import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import { completeHostConfig } from './defaults.ts'
import type { Engine } from './engine.ts'
import { bookExit, exited } from './exited.ts'
import type { Container } from './model.ts'
import { Restarts } from './restarts.ts'
import { remove } from './remove.ts'
import { kill } from './stop.ts'

function runningContainer(): Container {
  return {
    id: 'a',
    name: 'one',
    config: { Labels: {}, Image: 'box' },
    hostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: 'host' },
    mounts: [],
    restartCount: 0,
    state: { status: 'running', pid: 7, startedAt: 1 },
  } as unknown as Container
}

/** An engine whose keeper has just died, and of which nothing can be taken down. */
function engineWithoutKeeper(containers: ContainerIndex, events: EventBus, clock = new FakeClock()): Engine {
  return {
    containers,
    events,
    clock,
    restarts: new Restarts(clock),
    log: { warn: () => undefined },
    execs: { dropUnstarted: () => undefined, of: () => [] },
    keeper: { forget: () => Promise.reject(new GalleyError('unavailable', 'the keeper is being restarted')) },
    data: '/nonexistent',
    run: '/nonexistent',
  } as unknown as Engine
}

/** A container that runs, and the engine that has it. */
async function setUp() {
  const container = runningContainer()
  const clock = new FakeClock()
  const containers = new ContainerIndex(openMemoryStore())
  await containers.save(container)
  const engine = engineWithoutKeeper(containers, new EventBus(clock), clock)
  return { container, containers, clock, engine }
}

test('an exit is told and the container wanted back though the keeper has died and nothing could be taken down', async () => {
  const container = runningContainer()
  const containers = new ContainerIndex(openMemoryStore())
  await containers.save(container)
  const events = new EventBus(new FakeClock())
  const waited = containers.wait(container, 'next-exit')
  assert.equal(await bookExit(engineWithoutKeeper(containers, events), container, { code: 3, at: 5 }), true)
  assert.deepEqual(
    events.past().map(({ action, attributes }) => [action, attributes['exitCode']]),
    [['die', '3']],
  )
  assert.equal((await waited).code, 3)
  assert.equal(container.state.status, 'restarting')
})

test('one that is killed while its exit is booked is not counted as started again', async () => {
  const { container, clock, engine } = await setUp()
  const booked = exited(engine, container.id, { code: 3, at: 5 })
  while (container.state.status !== 'restarting') await Promise.resolve()
  await kill(engine, container.id, 'SIGKILL')
  await booked
  await clock.advance(60_000)
  assert.deepEqual([container.state.status, container.restartCount], ['exited', 0])
})

test('nor is one that is killed when its policy was about to start it', async () => {
  const { container, containers, clock, engine } = await setUp()
  await exited(engine, container.id, { code: 3, at: 5 })
  const other = Promise.withResolvers<void>()
  const busy = containers.inTurn(container.id, () => other.promise)
  await clock.advance(60_000)
  const killed = kill(engine, container.id, 'SIGKILL')
  other.resolve()
  await Promise.all([busy, killed])
  assert.deepEqual([container.state.status, container.restartCount], ['exited', 0])
})

test('who waits for the end of one that was about to be started again is told, though it can not be removed', async () => {
  const container = runningContainer()
  const clock = new FakeClock()
  const store = openMemoryStore()
  const containers = new ContainerIndex(store)
  await containers.save(container)
  const engine = engineWithoutKeeper(containers, new EventBus(clock), clock)
  await exited(engine, container.id, { code: 3, at: 5 })
  let told: number | undefined
  void containers.wait(container, 'not-running').then(({ code }) => (told = code))
  await assert.rejects(remove(engine, container.id, { force: true, volumes: false }))
  assert.equal(told, 3)
  const [kept] = (await store.list('/containers/')).entries
  assert.equal((JSON.parse(kept?.value ?? '') as Container).state.status, 'exited')
})

test('a start of the restart policy that fails with its keeper is tried again with the next one, and no other', async () => {
  const container = { ...runningContainer(), hostConfig: completeHostConfig({ NetworkMode: 'host', RestartPolicy: { Name: 'always' } }) }
  const clock = new FakeClock()
  const containers = new ContainerIndex(openMemoryStore())
  await containers.save(container)
  const engine = engineWithoutKeeper(containers, new EventBus(clock), clock)
  let losses = 0
  let starts = 0
  const images = {
    resolve: () => {
      if (++starts < 3) losses++
      throw new Error('it can not be started')
    },
  }
  const keeper = {
    forget: () => Promise.resolve(),
    get losses() {
      return losses
    },
  }
  await exited({ ...engine, images, keeper } as unknown as Engine, container.id, { code: 3, at: 5 })
  await clock.advance(60_000)
  assert.deepEqual([starts, container.restartCount, container.state.status], [3, 3, 'exited'])
})
