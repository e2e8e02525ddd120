import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { Reconciler, type ReconcilerOptions } from './queue.ts'

interface Call {
  readonly key: string
  readonly at: number
  readonly signal: AbortSignal
  readonly succeed: (result?: { again?: number }) => void
  readonly fail: (message: string) => void
}

/** A reconciler on a fake clock, whose runs each last until the test ends them. */
function bench(options: Partial<ReconcilerOptions> = {}) {
  const clock = new FakeClock()
  const calls: Call[] = []
  const errors: string[] = []
  const reconciler = new Reconciler({
    clock,
    concurrency: 2,
    backoff: { first: 100, most: 500 },
    onError: (key, error) => errors.push(`${key}: ${(error as Error).message}`),
    reconcile(key, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<{ again?: number } | undefined>()
      calls.push({ key, at: clock.now(), signal, succeed: resolve, fail: (message) => reject(new Error(message)) })
      return promise
    },
    ...options,
  })
  const keys = (): string[] => calls.map(({ key }) => key)
  /** The newest run. */
  const last = (): Call => calls.at(-1) ?? assert.fail('nothing ran')
  return { clock, calls, errors, reconciler, keys, last, settle: () => clock.advance(0) }
}

test('a key that is touched often before it runs, runs once', async () => {
  const { reconciler, keys, settle } = bench()
  for (let count = 0; count < 5; count++) reconciler.touch('a')
  assert.deepEqual(keys(), [], 'never before touch returns')
  await settle()
  assert.deepEqual(keys(), ['a'])
})

test('a key that is touched while it runs, runs once more, afterwards', async () => {
  const { reconciler, keys, last, settle } = bench()
  reconciler.touch('a')
  await settle()
  reconciler.touch('a')
  reconciler.touch('a')
  await settle()
  assert.deepEqual(keys(), ['a'])
  last().succeed()
  await settle()
  assert.deepEqual(keys(), ['a', 'a'])
  last().succeed()
  await reconciler.idle()
  assert.deepEqual(keys(), ['a', 'a'])
})

test('only so many keys run at once, in the order in which they were touched', async () => {
  const { reconciler, calls, keys, settle } = bench()
  for (const key of ['a', 'b', 'c', 'd', 'c']) reconciler.touch(key)
  await settle()
  assert.deepEqual(keys(), ['a', 'b'])
  calls[1]?.succeed()
  await settle()
  assert.deepEqual(keys(), ['a', 'b', 'c'])
})

test('a key that fails runs again after a delay that doubles up to the most, and starts anew after a success', async () => {
  let healthy = false
  const { reconciler, clock, calls, errors } = bench()
  const answer = async (): Promise<void> => {
    for (const call of calls) {
      if (healthy) call.succeed()
      else call.fail('broken')
    }
    await clock.advance(0)
  }
  reconciler.touch('a')
  for (let at = 0; at <= 1700; at += 100) {
    await clock.advance(at === 0 ? 0 : 100)
    healthy = clock.now() === 1200
    await answer()
    if (healthy) reconciler.touch('a')
    healthy = false
    await clock.advance(0)
    await answer()
  }
  assert.deepEqual(
    calls.map(({ at }) => at),
    [0, 100, 300, 700, 1200, 1200, 1300, 1500],
  )
  assert.deepEqual(
    errors,
    Array.from({ length: 7 }, () => 'a: broken'),
  )
})

test('a touch does not wait for the backoff, and a success voids it', async () => {
  const { reconciler, clock, last, keys, settle } = bench()
  reconciler.touch('a')
  await settle()
  last().fail('broken')
  await settle()
  reconciler.touch('a')
  await settle()
  last().succeed()
  await clock.advance(1000)
  assert.deepEqual(keys(), ['a', 'a'])
  assert.equal(clock.waiting, 0)
})

test('a key that touches itself and fails waits for its backoff', async () => {
  const { reconciler, clock, calls, last, settle } = bench()
  reconciler.touch('a')
  await settle()
  reconciler.touch('a')
  last().fail('broken')
  await clock.advance(99)
  assert.equal(calls.length, 1)
  await clock.advance(1)
  assert.equal(calls.length, 2)
})

test('a run that throws before its first wait is a failure like any other', async () => {
  const { reconciler, errors } = bench({
    reconcile: () => {
      throw new Error('at once')
    },
  })
  reconciler.touch('a')
  await reconciler.idle()
  assert.deepEqual(errors, ['a: at once'])
})

test('a run can ask for the next one, which an earlier run replaces', async () => {
  const { reconciler, clock, calls, last, settle } = bench()
  reconciler.touch('a')
  await settle()
  last().succeed({ again: 50 })
  await clock.advance(20)
  reconciler.touch('a')
  await settle()
  last().succeed({ again: 50 })
  await clock.advance(49)
  assert.deepEqual(
    calls.map(({ at }) => at),
    [0, 20],
  )
  await clock.advance(1)
  assert.deepEqual(
    calls.map(({ at }) => at),
    [0, 20, 70],
  )
})

test('touchAfter keeps the earliest time, and stands when the key runs before', async () => {
  const { reconciler, clock, calls, last, settle } = bench()
  for (const delay of [70, 50, 90]) reconciler.touchAfter('a', delay)
  reconciler.touch('a')
  await settle()
  last().succeed()
  await clock.advance(200)
  assert.deepEqual(
    calls.map(({ at }) => at),
    [0, 50],
  )
})

test('a forgotten key neither runs nor has timers', async () => {
  const { reconciler, clock, keys } = bench()
  reconciler.touchAfter('a', 10)
  reconciler.touch('a')
  reconciler.forget('a')
  await reconciler.idle()
  await clock.advance(20)
  assert.deepEqual(keys(), [])
  assert.equal(clock.waiting, 0)
})

test('a key that is forgotten while it runs ends in silence, and can be touched again', async () => {
  const { reconciler, clock, last, keys, errors, settle } = bench()
  reconciler.touch('a')
  await settle()
  reconciler.touch('a')
  reconciler.forget('a')
  assert.equal(last().signal.aborted, false)
  last().fail('gone')
  await clock.advance(1000)
  assert.deepEqual([keys(), errors], [['a'], []])
  reconciler.touch('a')
  await settle()
  assert.deepEqual(keys(), ['a', 'a'])
})

test('a key that is forgotten and touched while it runs, runs once more', async () => {
  const { reconciler, last, keys, settle } = bench()
  reconciler.touch('a')
  await settle()
  reconciler.forget('a')
  reconciler.touch('a')
  assert.deepEqual(keys(), ['a'])
  last().succeed({ again: 5 })
  await settle()
  assert.deepEqual(keys(), ['a', 'a'])
})

test('stopping aborts what runs, waits for it, and starts nothing more', async () => {
  const { reconciler, clock, last, keys, errors, settle } = bench({ concurrency: 1 })
  for (const key of ['a', 'b']) reconciler.touch(key)
  reconciler.touchAfter('c', 10)
  await settle()
  let stopped = false
  const stopping = reconciler[Symbol.asyncDispose]().then(() => (stopped = true))
  await settle()
  assert.deepEqual([last().signal.aborted, stopped], [true, false])
  reconciler.touch('d')
  reconciler.touchAfter('e', 10)
  last().fail('aborted')
  await stopping
  await reconciler.idle()
  await clock.advance(1000)
  assert.deepEqual([keys(), errors, clock.waiting], [['a'], [], 0])
})
