import assert from 'node:assert/strict'
import { test } from 'node:test'
import { later } from './later.ts'
import type { Call } from './route.ts'

test('a room that could not be loaded is tried again with the next request, and loaded once', async () => {
  let [loads, calls] = [0, 0]
  const routes = later({ 'GET /late': true }, async () => {
    loads++
    if (loads === 1) throw new Error('too many open files')
    return { 'GET /late': () => void calls++ }
  })
  const ask = async (): Promise<void> => await routes['GET /late']?.({} as Call)
  await assert.rejects(ask(), { message: 'too many open files' })
  await ask()
  await ask()
  assert.deepEqual([loads, calls], [2, 2])
})
