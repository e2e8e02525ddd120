import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { interpolate } from './interpolate.ts'

const values: Readonly<Record<string, string>> = { A: 'one', EMPTY: '', N_1: 'n' }
const text = (template: string): string => interpolate(template, (name) => values[name]).text

test('every form of the specification is replaced', () => {
  const cases = {
    $A: 'one',
    '${A}': 'one',
    'x$A-y': 'xone-y',
    '${N_1}': 'n',
    $$A: '$A',
    '${MISSING:-d}': 'd',
    '${EMPTY:-d}': 'd',
    '${EMPTY-d}': '',
    '${MISSING-}': '',
    '${A:+yes}': 'yes',
    '${EMPTY:+yes}': '',
    '${EMPTY+yes}': 'yes',
    '${MISSING+yes}': '',
    '${A:?no}': 'one',
    '${MISSING:-${A}/${ALSO-$EMPTY x}}': 'one/ x',
    '${MISSING:-$$5}': '$5',
    // What begins nothing is a dollar, and braces in a word are counted.
    'cost: $5, $(date) $': 'cost: $5, $(date) $',
    '${MISSING:-{"a": {"b": $A}}}!': '{"a": {"b": one}}!',
  }
  for (const [template, expected] of Object.entries(cases)) assert.equal(text(template), expected, template)
})

test('a variable without a value becomes empty and is told', () => {
  assert.deepEqual(
    interpolate('a${X}b$Y', () => undefined),
    { text: 'ab', unset: ['X', 'Y'] },
  )
})

test('a required variable fails with its message, only when its branch is taken', () => {
  assert.throws(() => text('${MISSING:?set it}'), /required variable MISSING is missing a value: set it/)
  assert.throws(() => text('${EMPTY:?}'), /required variable EMPTY/)
  assert.equal(text('${A:-${MISSING:?set it}}'), 'one')
})

test('a brace that begins nothing is refused', () => {
  for (const wrong of ['${A', '${}', '${A:x}', '${-a}', '${A:-{}']) assert.throws(() => text(wrong), /invalid interpolation format/)
})

test('text with its dollars doubled comes out as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (any) => {
      assert.equal(text(any.replaceAll('$', '$$$$')), any)
    }),
  )
})
