import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { withoutCircles } from './circles.ts'

const cut = (edges: Readonly<Record<string, readonly string[]>>): unknown =>
  Object.fromEntries(withoutCircles(new Map(Object.entries(edges)), (one) => one))

test('a circle is cut where it closes, and all else stays', () => {
  assert.deepEqual(cut({ a: ['b', 'd'], b: ['c'], c: ['a'], d: [] }), { a: ['b', 'd'], b: ['c'], c: [], d: [] })
  assert.deepEqual(cut({ a: ['a'], b: ['a'] }), { a: [], b: ['a'] })
})

test('whatever waits for whatever, an order is left in which all come to their turn, and nothing is cut where one was before', () => {
  const names = [...'abcdef']
  const edges = fc.record(Object.fromEntries(names.map((name) => [name, fc.uniqueArray(fc.constantFrom(...names))])))
  fc.assert(
    fc.property(edges, (direct) => {
      const kept = withoutCircles(new Map(Object.entries(direct)), (one) => one)
      assert.deepEqual(inTurn(kept).toSorted(), names)
      if (inTurn(new Map(Object.entries(direct))).length === names.length) assert.deepEqual(Object.fromEntries(kept), { ...direct })
    }),
  )
})

/** Those that come to their turn, each after what it waits for. */
function inTurn(waits: ReadonlyMap<string, readonly string[]>): string[] {
  const over = new Set<string>()
  for (const _round of waits) for (const [id, before] of waits) if (before.every((one) => over.has(one))) over.add(id)
  return [...over]
}
