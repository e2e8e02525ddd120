import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineBuffer } from './line-buffer.ts'

test('lines come out whole, wherever the pieces break', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') })), (pieces) => {
      const buffer = new LineBuffer()
      const lines = pieces.flatMap((piece) => buffer.push(piece))
      assert.deepEqual([...lines, buffer.rest], pieces.join('').split('\n'))
    }),
  )
})
