import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frame, FrameBuffer } from './frame-buffer.ts'

test('frames come out as they went in, wherever the chunks break', () => {
  const frames = fc.array(fc.record({ stream: fc.constantFrom(1, 2), data: fc.uint8Array({ maxLength: 30 }) }))
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 20 }), (sent, size) => {
      const bytes = Buffer.concat(sent.map(({ stream, data }) => frame(stream, Buffer.from(data))))
      const buffer = new FrameBuffer()
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
      assert.deepEqual(
        chunks.flatMap((chunk) => buffer.push(chunk)),
        sent.map(({ stream, data }) => ({ stream, data: Buffer.from(data) })),
      )
    }),
  )
})
