import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GalleyError } from '#base/error.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { ImageContent } from './content.ts'
import { memoryContent } from './memory-content.ts'

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

test('what a full disk does not let go is let go later, and nothing else fails with it', async () => {
  await using store = openMemoryStore()
  const { blobs, layers } = memoryContent()
  const content = new ImageContent({ store, blobs, layers, needed: () => false })
  const write = store.txn.bind(store)
  const failing = content.whileAdding(async () => {
    await content.addStream(bytes('a layer'))
    store.txn = async () => {
      throw new GalleyError('unavailable', "can't write the store: database or disk is full")
    }
    throw new Error('the pull broke off')
  })
  await assert.rejects(failing, { message: 'the pull broke off' })
  assert.equal(await content.whileAdding(async () => 'works'), 'works')
  assert.equal(layers.all.size, 1)
  store.txn = write
  await content.collect()
  assert.equal(layers.all.size, 0)
})
