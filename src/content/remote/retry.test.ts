import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { GalleyError } from '#base/error.ts'
import { RegistryError } from './error.ts'
import { retrying } from './retry.ts'

function setUp(fail: (attempt: number, state: { progress: number }) => Error | undefined) {
  const clock = new FakeClock()
  const stop = new AbortController()
  const pauses: number[] = []
  const state = { attempts: 0, progress: 0 }
  const result = retrying(
    { clock, signal: stop.signal, onPause: (pause) => pauses.push(pause), progress: () => state.progress },
    async () => {
      const error = fail(++state.attempts, state)
      if (error !== undefined) throw error
      return 'done'
    },
  )
  result.catch(() => undefined)
  return { clock, stop, pauses, state, result }
}

const broken = new GalleyError('unavailable', 'broken')

test('what can succeed later is tried five times, with growing pauses', async () => {
  const world = setUp(() => broken)
  await world.clock.advance(60_000)
  await assert.rejects(world.result, broken)
  assert.deepEqual([world.state.attempts, world.pauses], [5, [500, 1000, 2000, 4000]])
})

test('progress makes the attempts count anew', async () => {
  const world = setUp((attempt, state) => {
    state.progress = attempt
    return attempt < 12 ? broken : undefined
  })
  await world.clock.advance(600_000)
  assert.equal(await world.result, 'done')
})

test('a refusal is final, and the registry says how long to wait', async () => {
  const refused = setUp(() => new GalleyError('not found', 'no'))
  await refused.clock.advance(1000)
  await assert.rejects(refused.result, { message: 'no' })
  assert.equal(refused.state.attempts, 1)
  const throttled = setUp((attempt) => (attempt === 1 ? new RegistryError('throttled', 'slower', { wait: 7000 }) : undefined))
  await throttled.clock.advance(7000)
  assert.equal(await throttled.result, 'done')
  assert.deepEqual(throttled.pauses, [7000])
})

test('an abort ends the pause', async () => {
  const world = setUp(() => broken)
  await world.clock.advance(100)
  world.stop.abort(new Error('gone'))
  await assert.rejects(world.result, { message: 'gone' })
})
