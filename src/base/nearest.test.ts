import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearest } from './nearest.ts'

test('a word close to another is recognised, others are left alone', () => {
  assert.equal(nearest('FRMO', ['FROM', 'RUN']), 'FROM')
  assert.equal(nearest('imgae', ['build', 'image']), 'image')
  assert.equal(nearest('XYZZY', ['FROM', 'RUN']), undefined)
})

test('the way there is as long as the way back', () => {
  const word = fc.string({ maxLength: 8 })
  fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === editDistance(b, a)))
})
