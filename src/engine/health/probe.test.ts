import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import { FakeClock } from '#base/fake-clock.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { Execs } from '#engine/containers/execs.ts'
import type { Container } from '#engine/containers/model.ts'
import { probe } from './probe.ts'

test('a check of a container that ends before it can start leaves neither its connection nor its session behind', async () => {
  const clock = new FakeClock()
  const [execs, socket] = [new Execs(clock), new Socket()]
  const ids: string[] = []
  const keeper = {
    async attach(id: string): Promise<Socket> {
      ids.push(id)
      return socket
    },
  }
  const containers = {
    get(): never {
      throw new GalleyError('not found', 'No such container: c')
    },
  }
  // What a check needs of the engine up to there.
  const engine = { clock, execs, containers, keeper } as unknown as Engine
  const check = { command: ['true'], timeout: 1000, interval: 1000, startPeriod: 0, startInterval: 0, retries: 1 }
  for (const _round of [1, 2]) {
    const { exitCode, output } = await probe(engine, { id: 'c' } as Container, check)
    assert.deepEqual([exitCode, output], [-1, 'No such container: c'])
    await clock.advance(400_000)
  }
  assert.equal(socket.destroyed, true)
  // Ended sessions can be asked about for a while; then they go, with the next one that is made.
  assert.equal(execs.find(ids[0] ?? ''), undefined)
})
