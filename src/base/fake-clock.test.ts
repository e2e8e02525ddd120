import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from './clock.ts'
import { FakeClock } from './fake-clock.ts'

test('tasks run in the order of their times, each at its own', async () => {
  const clock = new FakeClock(100)
  const ran: string[] = []
  for (const delay of [30, 10, 20, 10, 31]) clock.after(delay, () => ran.push(`${delay} at ${clock.now()}`))
  await clock.advance(30)
  assert.deepEqual(ran, ['10 at 110', '10 at 110', '20 at 120', '30 at 130'])
  assert.equal(clock.now(), 130)
  assert.equal(clock.waiting, 1)
})

test('what is added on the way runs on the way, also behind promises', async () => {
  const clock = new FakeClock()
  const ran: number[] = []
  const loop = async (): Promise<void> => {
    for (let count = 0; count < 3; count++) {
      await sleep(clock, 10)
      ran.push(clock.now())
    }
  }
  const done = loop()
  await clock.advance(100)
  await done
  assert.deepEqual(ran, [10, 20, 30])
})

test('a disposed task does not run', async () => {
  const clock = new FakeClock()
  clock.after(10, () => assert.fail('disposed'))[Symbol.dispose]()
  await clock.advance(20)
})
