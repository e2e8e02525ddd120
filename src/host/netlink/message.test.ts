import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attribute, attributesIn, encodeMessage, flag, messagesIn, nested, text, u32 } from './message.ts'

test('messages that came together are told apart, and what is cut off is left out', () => {
  const [first, second] = [encodeMessage(16, flag.request, text(3, 'eth0')), encodeMessage(20, flag.dump, u32(4, 7))]
  const bytes = Buffer.concat([first, second])
  assert.deepEqual(
    [...messagesIn(bytes)].map(({ type, body }) => [type, attributesIn(body)]),
    [
      [16, new Map([[3, Buffer.from('eth0\0')]])],
      [20, new Map([[4, Buffer.from([7, 0, 0, 0])]])],
    ],
  )
  assert.equal([...messagesIn(bytes.subarray(0, first.length + 8))].length, 1)
  assert.deepEqual([...messagesIn(Buffer.alloc(32))], [])
})

test('an attribute is found by its type, whether it holds others or not', () => {
  const outer = attributesIn(nested(1, [attribute(2, Buffer.from([9])), text(3, 'a')]))
  assert.deepEqual([...outer.keys()], [1])
  assert.deepEqual([...attributesIn(outer.get(1) ?? Buffer.alloc(0)).values()], [Buffer.from([9]), Buffer.from('a\0')])
})
