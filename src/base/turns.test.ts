import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyedTurns, Turns } from './turns.ts'

test('a task begins when the one before it is over, also when that failed', async () => {
  const turns = new Turns()
  const told: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = turns.run(async () => {
    told.push('first')
    await gate.promise
    throw new Error('failed')
  })
  const second = turns.run(async () => told.push('second'))
  await new Promise(setImmediate)
  assert.deepEqual(told, ['first'])
  gate.resolve()
  await assert.rejects(first, /failed/)
  assert.equal(await second, 2)
})

test('keys don’t wait for each other, and nothing is kept of those that are done', async () => {
  const turns = new KeyedTurns()
  const told: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = turns.run('a', () => gate.promise)
  const second = turns.run('a', async () => void told.push('a'))
  await turns.run('b', async () => void told.push('b'))
  assert.deepEqual([told, turns.isBusy('a'), turns.isBusy('b')], [['b'], true, false])
  gate.resolve()
  await Promise.all([first, second])
  assert.deepEqual([told, turns.isBusy('a'), turns.isBusy('b')], [['b', 'a'], false, false])
})

test('a task that fails does not keep the next one of its key from running', async () => {
  const turns = new KeyedTurns()
  const failing = turns.run('a', () => Promise.reject(new Error('failed')))
  const next = turns.run('a', async () => 'done')
  await assert.rejects(failing, /failed/)
  assert.equal(await next, 'done')
})
