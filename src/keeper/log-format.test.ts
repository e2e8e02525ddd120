import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRecord, recordEncoder } from './log-format.ts'

const time = '2026-11-25T22:53:01.123Z'

test('what is encoded is decoded again, in both formats', () => {
  const lines = fc.record({
    log: fc.tuple(fc.string({ unit: 'binary' }), fc.constantFrom('', '\n')).map(([text, end]) => text.replaceAll('\n', '') + end),
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    time: fc.constant(time),
  })
  fc.assert(
    fc.property(lines, fc.constantFrom('json-file' as const, 'local' as const), (record, format) => {
      const line = recordEncoder({ format }, record)(record.log)
      assert.equal(line.indexOf('\n'), line.length - 1)
      assert.deepEqual(decodeRecord(format, line.slice(0, -1)), { ...record })
    }),
  )
})

test('the json-file format is that of Docker', () => {
  assert.equal(
    recordEncoder({ format: 'json-file', attributes: { tag: 'x' } }, { stream: 'stderr', time })('a\n'),
    `{"log":"a\\n","stream":"stderr","attrs":{"tag":"x"},"time":"${time}"}\n`,
  )
})

test('a line in pieces is no record', () => {
  for (const line of ['{"log":"a', '', 'null', '{}', 'zz x y']) {
    assert.equal(decodeRecord('json-file', line), undefined)
    assert.equal(decodeRecord('local', line), undefined)
  }
})
