import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frame, messagesOf } from './frames.ts'

async function* chunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let count = 0; at < bytes.length; count++) {
    const size = sizes[count % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

test('messages are cut the same however they arrive', async () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)))
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), async (given, sizes) => {
      assert.deepEqual(await Array.fromAsync(messagesOf(chunks(Buffer.concat(given.map(frame)), sizes))), given)
    }),
  )
})

test('what is compressed, too large or cut off is refused', async () => {
  const of = (...bytes: number[]): Promise<Buffer[]> => Array.fromAsync(messagesOf(chunks(Buffer.from(bytes), [3])))
  await assert.rejects(of(1, 0, 0, 0, 1, 9), /compressed/)
  await assert.rejects(of(0, 0xff, 0, 0, 0, 9), /larger than/)
  await assert.rejects(of(0, 0, 0, 0, 2, 9), /in the middle/)
})
