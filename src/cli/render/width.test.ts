import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fit, pad, widthOf } from './width.ts'

test('Hangul, kanji and emoji take two columns, combining marks none', () => {
  assert.equal(widthOf('a'), 1)
  assert.equal(widthOf('한글'), 4)
  assert.equal(widthOf('漢字🚀'), 6)
  assert.equal(widthOf('e\u0301'), 1)
  assert.equal(widthOf('✔ ⠋'), 3)
})

test('what is cut fits, and what is padded fills', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '한', 'é', ' ', '🚀') }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
      assert.ok(widthOf(fit(text, columns)) <= columns)
      assert.equal(widthOf(pad(fit(text, columns), columns)), columns)
    }),
  )
})
