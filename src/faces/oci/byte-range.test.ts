import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRange } from './byte-range.ts'

test('a range is never more than what there is, and never empty', () => {
  const header = fc.tuple(fc.option(fc.nat(2000)), fc.option(fc.nat(2000))).map(([a, b]) => `bytes=${a ?? ''}-${b ?? ''}`)
  fc.assert(
    fc.property(fc.oneof(header, fc.string()), fc.nat(1000), (text, size) => {
      const range = parseRange(text, size)
      if (typeof range !== 'object') return
      assert.ok(range.start >= 0 && range.end <= size && (range.start < range.end || size === 0), `${text} of ${size}`)
    }),
  )
})

test('what is no single range of bytes is as good as none', () => {
  for (const text of [undefined, '', 'bytes=-', 'bytes=1-2,4-5', 'lines=1-2', 'bytes=5-4']) assert.equal(parseRange(text, 10), undefined)
  assert.deepEqual(parseRange('bytes=2-', 10), { start: 2, end: 10 })
  assert.equal(parseRange('bytes=10-', 10), 'unsatisfiable')
  assert.equal(parseRange('bytes=-0', 10), 'unsatisfiable')
})
