import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inNaturalOrder } from './natural-order.ts'

test('names are ordered with their numbers as numbers', () => {
  const ordered = ['', '7', '10', '10a', 'A', 'a', 'a-b', 'a-b1', 'web', 'web-2', 'web-2-a', 'web-10', 'web-010', 'web-x', 'x']
  assert.deepEqual(ordered.toReversed().toSorted(inNaturalOrder), ordered.toSorted(inNaturalOrder))
  assert.deepEqual(['web-10', 'web', 'web-2', 'db-1', 'web-x'].toSorted(inNaturalOrder), ['db-1', 'web', 'web-2', 'web-10', 'web-x'])
  assert.equal(inNaturalOrder('web-1', 'web-1'), 0)
  assert.deepEqual(['web-010', 'web-10'].toSorted(inNaturalOrder), ['web-010', 'web-10'])
})
