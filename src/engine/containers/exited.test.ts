import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import type { Engine } from './engine.ts'
import { bookExit } from './exited.ts'
import type { Container } from './model.ts'

const container = {
  id: 'a',
  name: 'one',
  config: { Labels: {}, Image: 'box' },
  hostConfig: { RestartPolicy: { Name: 'always' }, NetworkMode: 'host' },
  mounts: [],
  state: { status: 'running', pid: 7, startedAt: 1 },
} as unknown as Container

/** An engine whose keeper has just died, and of which nothing can be taken down. */
function engineWithoutKeeper(containers: ContainerIndex, events: EventBus): Engine {
  return {
    containers,
    events,
    clock: new FakeClock(),
    log: { warn: () => undefined },
    execs: { dropUnstarted: () => undefined, of: () => [] },
    keeper: { forget: () => Promise.reject(new GalleyError('unavailable', 'the keeper is being restarted')) },
    data: '/nonexistent',
    run: '/nonexistent',
  } as unknown as Engine
}

test('an exit is told and the container wanted back though the keeper has died and nothing could be taken down', async () => {
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
