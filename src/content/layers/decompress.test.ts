import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decompressed } from './decompress.ts'

test('a source in a form that is not known is given back', async () => {
  let closed = false
  const source = async function* (): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('BZh91AY')
    } finally {
      closed = true
    }
  }
  await assert.rejects(decompressed(source()), { kind: 'not implemented', code: 'archive.format' })
  assert.equal(closed, true)
})
