import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orAborted, untilAborted, withDeadline } from './abort.ts'
import { FakeClock } from './fake-clock.ts'

test('work that is done in time gives its result and leaves no timer', async () => {
  const clock = new FakeClock()
  assert.equal(await withDeadline(clock, 10, async (signal) => signal.aborted), false)
  await assert.rejects(
    withDeadline(clock, 10, () => Promise.reject(new Error('broken'))),
    { message: 'broken' },
  )
  assert.equal(clock.waiting, 0)
})

test('work that is late is told so, and not waited for', async () => {
  const clock = new FakeClock()
  let told: unknown
  const late = withDeadline(clock, 10, (signal) => {
    signal.addEventListener('abort', () => (told = signal.reason))
    return new Promise<never>(() => undefined)
  })
  const rejected = assert.rejects(late, { kind: 'timeout' })
  await clock.advance(10)
  await rejected
  assert.equal((told as { kind: string }).kind, 'timeout')
})

test('whichever comes first counts: the result, or the abort', async () => {
  const stop = new AbortController()
  assert.equal(await orAborted(Promise.resolve(1), stop.signal), 1)
  const never = orAborted(new Promise(() => undefined), stop.signal)
  stop.abort(new Error('gone'))
  await assert.rejects(never, { message: 'gone' })
  await assert.rejects(orAborted(Promise.reject(new Error('broken')), stop.signal), { message: 'gone' })
})

test('an abort is waited for, and not waited for when it has been', async () => {
  const stop = new AbortController()
  const waiting = untilAborted(stop.signal)
  stop.abort()
  await waiting
  await untilAborted(stop.signal)
})
