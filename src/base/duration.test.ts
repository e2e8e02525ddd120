import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nanosecondsOf } from './duration.ts'

test('durations are read as Go reads them', () => {
  const cases: Readonly<Record<string, number | undefined>> = {
    '0': 0,
    '10s': 10e9,
    '1m30s': 90e9,
    '1h0.5m': 3630e9,
    '.5s': 5e8,
    '1.s': 1e9,
    '20ms3µs4ns': 20_003_004,
    '': undefined,
    '10': undefined,
    s: undefined,
    '1d': undefined,
    '1s 2s': undefined,
    '-1s': undefined,
  }
  for (const [text, wanted] of Object.entries(cases)) assert.equal(nanosecondsOf(text), wanted, text)
})
