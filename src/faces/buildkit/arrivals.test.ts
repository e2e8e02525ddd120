import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { Arrivals } from './arrivals.ts'

/** Time that passes when it is told to. */
function heldClock(): { readonly clock: Clock; readonly pass: () => void; readonly waiting: () => number } {
  const tasks = new Set<() => void>()
  const after: Clock['after'] = (_, task) => {
    tasks.add(task)
    return { [Symbol.dispose]: () => void tasks.delete(task) }
  }
  return { clock: { now: () => 0, after }, pass: () => tasks.forEach((task) => task()), waiting: () => tasks.size }
}

const never = new AbortController().signal

test('whoever asks early gets what comes, and leaves no timer behind', async () => {
  const { clock, waiting } = heldClock()
  const arrivals = new Arrivals<string>(clock, 'build')
  const asked = [arrivals.get('a', never), arrivals.get('a', never)]
  assert.equal(waiting(), 2)
  arrivals.add('b', 'another')
  arrivals.add('a', 'it')
  assert.deepEqual(await Promise.all(asked), ['it', 'it'])
  assert.equal(waiting(), 0)
})

test('what does not come in time is not found', async () => {
  const { clock, pass } = heldClock()
  const asked = new Arrivals<string>(clock, 'session').get('a', never)
  pass()
  await assert.rejects(asked, /no active session for a/)
})

test('whoever goes away waits no longer', async () => {
  const { clock, waiting } = heldClock()
  const arrivals = new Arrivals<string>(clock, 'session')
  const caller = new AbortController()
  const asked = arrivals.get('a', caller.signal)
  caller.abort(new Error('gone'))
  await assert.rejects(asked, /gone/)
  await assert.rejects(arrivals.get('a', caller.signal), /gone/)
  assert.equal(waiting(), 0)
})
