import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DetachKeys, parseDetachKeys } from './detach-keys.ts'

test('keys are letters and control sequences; others are refused by name', () => {
  assert.deepEqual([...parseDetachKeys('')], [16, 17])
  assert.deepEqual([...parseDetachKeys('ctrl-a,b,ctrl-[')], [1, 98, 27])
  assert.throws(() => parseDetachKeys('ctrl-p,nonsense'), /^GalleyError: Invalid detach keys \(ctrl-p,nonsense\) provided$/)
  assert.throws(() => parseDetachKeys('ctrl-A,a', 'escape'), /Invalid escape keys \(ctrl-A,a\) provided/)
})

test('however what is typed is cut into pieces, all before the keys reaches the process', () => {
  const typed = fc.array(fc.constantFrom(1, 16, 97), { maxLength: 30 })
  fc.assert(
    fc.property(typed, fc.array(fc.nat(30)), (bytes, cuts) => {
      const keys = new DetachKeys(Buffer.from([16, 17]))
      const all = Buffer.from([...bytes, 16, 17, 98])
      const ends = [...new Set(cuts.filter((cut) => cut < all.length))].sort((a, b) => a - b)
      const pieces = [...ends, all.length].map((end, index) => all.subarray(ends[index - 1] ?? 0, end))
      const seen: number[] = []
      let detached = false
      for (const piece of pieces) {
        if (detached) break
        const taken = keys.take(piece)
        seen.push(...taken.input)
        detached = taken.detached
      }
      assert.deepEqual([seen, detached], [bytes, true])
    }),
  )
})

test('a beginning of the keys that leads nowhere is typed after all', () => {
  const keys = new DetachKeys(Buffer.from([16, 17]))
  assert.equal(keys.take(Buffer.from([16])).input.length, 0)
  assert.deepEqual([...keys.take(Buffer.from([97])).input], [16, 97])
})
