import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { bytes, flag, int, long, map, message, repeated, text, texts } from './fields.ts'
import { decode, encode } from './message.ts'

const inner = { name: text(1), count: int(2) }
const shape = {
  title: text(1),
  on: flag(2),
  number: int(3),
  time: long(4),
  content: bytes(5),
  inner: message(6, inner),
  many: repeated(message(7, inner)),
  words: repeated(text(8)),
  labels: texts(9),
  by: map(10, message(2, inner)),
}

const innerValue = fc.record({ name: fc.string(), count: fc.maxSafeInteger() }, { noNullPrototype: true })

test('what is written is read again', () => {
  const value = fc.record({
    title: fc.string({ unit: 'binary' }),
    on: fc.boolean(),
    number: fc.maxSafeInteger(),
    time: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    content: fc.uint8Array().map((array) => Buffer.from(array)),
    inner: fc.option(innerValue, { nil: undefined }),
    many: fc.array(innerValue),
    words: fc.array(fc.string()),
    labels: fc.dictionary(fc.string(), fc.string()).map((object) => new Map(Object.entries(object))),
    by: fc.dictionary(fc.string(), innerValue).map((object) => new Map(Object.entries(object))),
  })
  fc.assert(fc.property(value, (given) => assert.deepEqual(decode(shape, encode(shape, given)), { ...given })))
})

test('the bytes are those of other implementations', () => {
  // The examples of Protocol Buffers' own description of its encoding.
  assert.equal(encode({ a: int(1) }, { a: 150 }).toString('hex'), '089601')
  assert.equal(encode({ b: text(2) }, { b: 'testing' }).toString('hex'), '120774657374696e67')
  assert.equal(encode({ c: message(3, { a: int(1) }) }, { c: { a: 150 } }).toString('hex'), '1a03089601')
  assert.equal(encode({ a: int(1) }, { a: -2 }).toString('hex'), '08feffffffffffffffff01')
})

test('fields of other shapes are passed over', () => {
  const other = encode({ x: text(20), y: int(21), title: text(1) }, { x: 'x', y: 7, title: 'kept' })
  assert.equal(decode(shape, Buffer.concat([other, Buffer.from('b101', 'hex'), Buffer.alloc(8)])).title, 'kept')
})

test('what is cut off or malformed is refused, and nothing else happens', () => {
  const whole = encode(shape, { title: 'a title', many: [{ name: 'n', count: 300 }] })
  for (let length = 1; length < whole.length; length++) {
    try {
      decode(shape, whole.subarray(0, length))
    } catch (error) {
      assert.ok(error instanceof GalleyError)
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (array) => {
      try {
        decode(shape, Buffer.from(array))
      } catch (error) {
        assert.ok(error instanceof GalleyError, String(error))
      }
    }),
  )
})

test('lengths of any size stand in front of what is nested, to any depth', () => {
  const leaf = { content: text(1) }
  const middle = { leaf: message(2, leaf), after: text(3) }
  const outer = { middle: repeated(message(4, middle)), last: int(5) }
  for (const length of [0, 1, 120, 126, 127, 128, 129, 16_380, 16_384, 16_390, 3_000_000]) {
    const content = 'é'.repeat(length)
    const given = {
      middle: [
        { leaf: { content }, after: 'a' },
        { leaf: { content: 'x' }, after: '' },
      ],
      last: 7,
    }
    assert.deepEqual(decode(outer, encode(outer, given)), given)
  }
  // One that fails half way leaves nothing to the next.
  assert.throws(() => encode({ a: text(1), b: int(2) }, { a: 'begun', b: Symbol('none') as unknown as number }))
  assert.equal(encode({ a: int(1) }, { a: 150 }).toString('hex'), '089601')
})
