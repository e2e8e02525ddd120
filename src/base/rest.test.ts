import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { Rest } from './rest.ts'

function watched(): { clock: FakeClock; rest: Rest; ran: number[] } {
  const clock = new FakeClock()
  const start = clock.now()
  const ran: number[] = []
  return { clock, ran, rest: new Rest(clock, { quiet: 5, apart: 20 }, () => ran.push(clock.now() - start)) }
}

test('runs once, when nothing has happened for a while', async () => {
  const { clock, rest, ran } = watched()
  await clock.advance(100)
  assert.deepEqual(ran, [])
  rest.touch()
  await clock.advance(4)
  rest.touch()
  await clock.advance(100)
  assert.deepEqual(ran, [109])
})

test('a burst soon after the last one waits', async () => {
  const { clock, rest, ran } = watched()
  rest.touch()
  await clock.advance(6)
  rest.touch()
  await clock.advance(100)
  assert.deepEqual(ran, [5, 25])
})

test('nothing runs after the end', async () => {
  const { clock, rest, ran } = watched()
  rest.touch()
  rest[Symbol.dispose]()
  await clock.advance(100)
  assert.deepEqual(ran, [])
})
