import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { EventBus } from '#engine/events/bus.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ContainerIndex } from './container-index.ts'
import type { Engine } from './engine.ts'
import { exchangeNames } from './hand-over.ts'
import type { Container } from './model.ts'

test('two that are exchanged from both sides at once do not wait for each other', async () => {
  const containers = new ContainerIndex(openMemoryStore())
  const named = (id: string): Container => ({ id, name: `n${id}`, config: { Image: 'box' }, endpoints: {} }) as unknown as Container
  const [one, other] = [named('a'), named('b')]
  await containers.save(one, other)
  const engine = { containers, networks: { rename: () => [] }, events: new EventBus(new FakeClock()) } as unknown as Engine
  const all = Promise.all([exchangeNames(engine, 'a', 'b'), exchangeNames(engine, 'b', 'a')])
  assert.equal(await Promise.race([all.then(() => 'done'), sleep(systemClock, 5000).then(() => 'stuck')]), 'done')
  assert.deepEqual([one.name, other.name], ['na', 'nb'])
})
