import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import type { Engine } from './engine.ts'
import { outOfMemory } from './out-of-memory.ts'

test('on a full disk memory can run out all the same: it is told, and a warning says that it was not written down', async () => {
  const container = { id: 'c', name: 'web', config: { Labels: {}, Image: 'box' }, state: { oomKilled: false } }
  const warnings: string[] = []
  const events = new EventBus(new FakeClock())
  const containers = {
    inTurn: (_id: string, task: () => Promise<void>) => task(),
    find: () => container,
    async save(): Promise<void> {
      throw new GalleyError('unavailable', "can't write the store: database or disk is full")
    },
  }
  // What it needs of the engine.
  const engine = { containers, events, log: { warn: (message: string) => void warnings.push(message) } } as unknown as Engine
  await outOfMemory(engine, 'c', { peak: 5, live: true })
  assert.deepEqual(
    events.past().map(({ action }) => action),
    ['oom'],
  )
  assert.equal(container.state.oomKilled, true)
  assert.equal(warnings.length, 1)
})
