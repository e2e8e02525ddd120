import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { StepCache, type CacheOptions, type StepResult } from './cache.ts'

const made: StepResult = { diffId: undefined, size: 0, created: 0 }
const never = new AbortController().signal
const step = { key: 'a'.repeat(64), text: 'RUN make', fresh: false, signal: never }

function cacheOn(store: CacheOptions['store'], sync = async (): Promise<void> => undefined): StepCache {
  return new StepCache({ store, clock: new FakeClock(), layers: { has: () => true, sync } })
}

test('a build that waits for another one’s step is let go when it is aborted, and the step goes on', async () => {
  await using store = openMemoryStore()
  const cache = cacheOn(store)
  const making = Promise.withResolvers<StepResult>()
  const first = cache.result(step, () => making.promise)
  const stop = new AbortController()
  const second = cache.result({ ...step, signal: stop.signal }, () => assert.fail('made twice'))
  stop.abort(new Error('another stage failed'))
  await assert.rejects(second, { message: 'another stage failed' })
  making.resolve(made)
  assert.deepEqual(await first, { result: made, cached: false })
})

test('a step whose other build fails is made by the one that waited', async () => {
  await using store = openMemoryStore()
  const cache = cacheOn(store)
  const making = Promise.withResolvers<StepResult>()
  const first = cache.result(step, () => making.promise)
  const second = cache.result(step, async () => made)
  making.reject(new Error('the client went away'))
  await assert.rejects(first, { message: 'the client went away' })
  assert.deepEqual(await second, { result: made, cached: false })
})

test('a step that is pruned while it is written down stays pruned after a restart', async () => {
  await using store = openMemoryStore()
  const cache: StepCache = cacheOn(store, async () => cache.forget(cache.list()))
  await cache.result(step, async () => made)
  await cache.flush()
  const next = cacheOn(store)
  await next.load()
  assert.deepEqual([cache.list(), next.list()], [[], []])
})
