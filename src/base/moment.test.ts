import assert from 'node:assert/strict'
import { test } from 'node:test'
import { momentIn, momentOf } from './moment.ts'

test('a moment is a number of seconds, a date, or so long ago', () => {
  const now = 10_000_000
  const cases: Readonly<Record<string, number | undefined>> = {
    '12.5': 12_500,
    '1970-01-01T00:01:00Z': 60_000,
    '1m30s': now - 90_000,
    '1.5h': now - 5_400_000,
    '10ms': now - 10,
    '': undefined,
    '1d': undefined,
    yesterday: undefined,
  }
  for (const [text, wanted] of Object.entries(cases)) assert.equal(momentIn(text, now), wanted, text)
  assert.throws(() => momentOf('yesterday', now), { kind: 'invalid', message: 'failed to parse value as time or duration: "yesterday"' })
})
