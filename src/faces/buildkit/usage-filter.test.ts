import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Usage } from './usage.ts'
import { usageFilter } from './usage-filter.ts'

const usage: Usage = {
  id: 'abc',
  type: 'regular',
  description: 'RUN make',
  size: 1,
  created: 0,
  used: 0,
  uses: 0,
  inUse: false,
  shared: true,
}

test('comparisons joined by commas must all fit, of several filters one', () => {
  const fits = (...filters: string[]): boolean => usageFilter(filters)(usage)
  assert.equal(fits(), true)
  assert.equal(fits(''), true)
  assert.equal(fits('type==regular,shared'), true)
  assert.equal(fits('type==regular,private'), false)
  assert.equal(fits('type==source.local', 'id~=^ab'), true)
  assert.equal(fits('description~="make$"'), true)
  assert.equal(fits('id!=abc'), false)
})

test('unknown fields and patterns that are none are refused', () => {
  for (const filter of ['nonsense==1', 'type=regular', 'id~=(', '__proto__']) assert.throws(() => usageFilter([filter]), /invalid filter/)
})
