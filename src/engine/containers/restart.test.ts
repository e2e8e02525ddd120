import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import { completeHostConfig } from './defaults.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { restart } from './restart.ts'
import { Restarts } from './restarts.ts'

test('a container for one run that can not be started again is removed, and who waits for that is told', async () => {
  const clock = new FakeClock()
  const container = {
    id: 'a',
    name: 'one',
    config: { Labels: {}, Image: 'box' },
    hostConfig: completeHostConfig({ AutoRemove: true, NetworkMode: 'host' }),
    mounts: [],
    state: { status: 'exited', pid: 0, exitCode: 3, startedAt: 1 },
  } as unknown as Container
  const containers = new ContainerIndex(openMemoryStore())
  await containers.save(container)
  const engine = {
    clock,
    containers,
    events: new EventBus(clock),
    restarts: new Restarts(clock),
    execs: { dropUnstarted: () => undefined },
    log: { warn: () => undefined },
    runtimes: { all: [{ name: 'crun', program: process.execPath, global: () => [] }], usual: 'crun' },
    images: {
      resolve: () => {
        throw new Error('its image is gone')
      },
    },
    data: '/nonexistent',
    run: '/nonexistent',
  } as unknown as Engine
  const removed = containers.wait(container, 'removed')
  await assert.rejects(restart(engine, 'a', {}), /its image is gone/)
  assert.equal(containers.find('a'), undefined)
  assert.equal((await removed).error, undefined)
})
