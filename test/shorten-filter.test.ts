import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shortenFilter } from '#host/oci-runtime/shorten-filter.ts'
import { answerOf, constantsOf } from './filter-answer.ts'

type Row = readonly [code: number, ifTrue: number, ifFalse: number, k: number]

const x64 = 0xc000003e
const load = (offset: number): Row => [0x20, 0, 0, offset]
const answer = (k: number): Row => [0x06, 0, 0, k]
const allow = 0x7fff0000

function assemble(rows: readonly Row[]): Buffer {
  const filter = Buffer.alloc(rows.length * 8)
  for (const [at, [code, ifTrue, ifFalse, k]] of rows.entries()) {
    filter.writeUInt16LE(code, at * 8)
    filter.writeUInt8(ifTrue, at * 8 + 2)
    filter.writeUInt8(ifFalse, at * 8 + 3)
    filter.writeUInt32LE(k, at * 8 + 4)
  }
  return filter
}

/** All that can make a difference: every constant and its neighbours, as number, architecture and argument. */
function assertSame(one: Buffer, other: Buffer, args: readonly number[][]): void {
  const constants = constantsOf(one)
  const numbers = [...new Set(constants.flatMap((k) => [k - 1, k, k + 1]).concat(0, 0xffffffff))].filter((k) => k >= 0 && k <= 0xffffffff)
  for (const architecture of [x64, 0x40000003, 1, 0, ...numbers.slice(0, 5)])
    for (const number of numbers)
      for (const values of args) {
        const call = { number, architecture, args: values }
        assert.equal(answerOf(other, call), answerOf(one, call), JSON.stringify(call))
      }
}

/** A rule as libseccomp lays it out: numbers in a row, some of them with a look at an argument. */
const rule = fc.record({
  number: fc.integer({ min: 0, max: 60 }),
  action: fc.constantFrom(allow, 0x50001, 0x50026, 0),
  argument: fc.option(
    fc.record({
      index: fc.integer({ min: 0, max: 5 }),
      value: fc.integer({ min: 0, max: 9 }),
      code: fc.constantFrom(0x15, 0x25, 0x35, 0x45),
    }),
    {
      nil: undefined,
    },
  ),
})

type Rule = typeof rule extends fc.Arbitrary<infer T> ? T : never

function rowsOf({ number, action, argument }: Rule): Row[] {
  if (argument === undefined) return [[0x15, 0, 1, number], answer(action)]
  const { index, value, code } = argument
  return [[0x15, 0, 5, number], load(16 + index * 8), [0x54, 0, 0, 0xff], [code, 0, 1, value], answer(action), load(0)]
}

test('a shortened filter answers every system call as the long one does', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 60 }),
      fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 12, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
      (rules, args) => {
        const long = assemble([
          load(4),
          [0x15, 1, 0, x64],
          answer(0),
          load(0),
          [0x35, 0, 1, 0x40000000],
          answer(0),
          ...rules.flatMap(rowsOf),
          answer(0x50001),
        ])
        const short = shortenFilter(long)
        assert.ok(short.length <= long.length)
        assertSame(long, short, args)
      },
    ),
    { numRuns: 60 },
  )
})

test('hundreds of calls in a row become few steps for each', () => {
  const long = assemble([
    load(4),
    [0x15, 1, 0, x64],
    answer(0),
    load(0),
    ...Array.from({ length: 900 }, (_, number) =>
      rowsOf({ number, action: number % 3 === 0 ? 0x50001 : allow, argument: undefined }),
    ).flat(),
    answer(0),
  ])
  const short = shortenFilter(long)
  assert.ok(short.length < long.length)
  assertSame(long, short, [Array<number>(12).fill(0)])
})

test('a filter that is not understood stays as it is, and so does what is none', () => {
  const odd: readonly Row[][] = [
    // Bits of the number, scratch memory, an index register, an answer that was computed, a jump past the end.
    [load(0), [0x54, 0, 0, 1], [0x15, 0, 1, 1], answer(0), answer(allow)],
    [load(0), [0x45, 0, 1, 1], answer(0), answer(allow)],
    [load(0), [0x02, 0, 0, 0], answer(allow)],
    [load(0), [0x07, 0, 0, 0], answer(allow)],
    [load(0), [0x16, 0, 0, 0]],
    [load(4), [0x35, 0, 1, x64], answer(0), answer(allow)],
    [[0x05, 0, 0, 7]],
    [],
  ]
  for (const rows of odd) {
    const filter = assemble(rows)
    assert.equal(shortenFilter(filter), filter)
  }
  const text = Buffer.from('instructions')
  assert.equal(shortenFilter(text), text)
})
