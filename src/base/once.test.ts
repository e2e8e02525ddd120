import assert from 'node:assert/strict'
import { test } from 'node:test'
import { once } from './once.ts'

test('what was made is given again', async () => {
  let made = 0
  const get = once(async () => ++made)
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1])
  assert.equal(await get(), 1)
})

test('what failed is made anew with the next call, for all who asked meanwhile once', async () => {
  let tries = 0
  const get = once(async () => {
    tries++
    if (tries === 1) throw new Error('too many open files')
    return tries
  })
  const first = await Promise.allSettled([get(), get()])
  assert.deepEqual(
    first.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual([await get(), await get()], [2, 2])
})
