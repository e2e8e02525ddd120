import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { digestOf } from '#base/digest.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import { create } from './create.ts'
import type { Engine } from './engine.ts'

test('of many that are made at once without a name, each gets one of its own', async () => {
  using place = new DisposableStack()
  const data = place.adopt(mkdtempSync(`${tmpdir()}/galley-create-`), (path) => rmSync(path, { recursive: true }))
  const clock = new FakeClock()
  const engine = {
    containers: new ContainerIndex(openMemoryStore()),
    events: new EventBus(clock),
    clock,
    data,
    images: { resolve: () => ({ id: digestOf(Buffer.from('box')), config: { Cmd: ['sh'] }, layers: [] }) },
    networks: { find: () => undefined },
    runtimes: { all: [{ name: 'crun', program: process.execPath }], usual: 'crun' },
  } as unknown as Engine
  // More than there are names without a number.
  const wishes = Array.from({ length: 330 }, () => ({
    name: '',
    config: { Image: 'box' },
    hostConfig: { NetworkMode: 'none' },
    endpoints: {},
  }))
  const made = await Promise.all(wishes.map((wish) => create(engine, wish)))
  assert.equal(new Set(made.map(({ name }) => name)).size, wishes.length)
})
