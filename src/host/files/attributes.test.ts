import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attribute, looked } from './attributes.ts'

const [EAGAIN, ENODATA] = [11, 61]

test('an error that no look at attributes has is looked at once more, any other is the answer', () => {
  const errors = [EAGAIN, ENODATA]
  let looks = 0
  const look = (): number => {
    looks++
    return -1
  }
  const error = (): number => errors[looks - 1] ?? 0
  assert.equal(looked(look, error), -1)
  assert.deepEqual([looks, error()], [2, ENODATA])
  assert.equal(
    looked(look, () => ENODATA),
    -1,
  )
  assert.equal(looks, 3)
})

test('a file without an attribute has none', () => {
  assert.equal(attribute(Buffer.from('/proc/self/exe'), 'user.none'), undefined)
})
