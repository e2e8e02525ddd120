import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inSequence } from './sequence.ts'

const before: Readonly<Record<string, readonly string[]>> = { a: ['c'], b: [], c: ['d'], d: [], e: ['f'], f: ['e'] }

test('each comes behind those before it, all else as it stands, and a circle is cut', () => {
  assert.deepEqual(
    inSequence(Object.keys(before), (one) => before[one] ?? []),
    ['d', 'c', 'a', 'b', 'f', 'e'],
  )
})
