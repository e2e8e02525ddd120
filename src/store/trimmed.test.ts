import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from './memory/open.ts'
import type { Store } from './store.ts'
import { storeSuite } from './suite.ts'
import { trimmed } from './trimmed.ts'

storeSuite('trimmed', async () => trimmed(openMemoryStore(), 1_000_000))

test('of the past, only the last revisions stay; the present stays whole', async () => {
  await using store = trimmed(openMemoryStore(), 10)
  await store.txn({ then: [{ put: '/first', value: '1' }] })
  for (let count = 0; count < 100; count++) await store.txn({ then: [{ put: '/often', value: String(count) }] })
  assert.equal((await store.get('/first'))?.value, '1')
  assert.equal((await store.get('/often'))?.value, '99')
  assert.equal((await store.get('/often', 95))?.value, '93')
  await assert.rejects(store.get('/often', 80), { kind: 'expired' })
})

test('a store that can’t be compacted takes transactions all the same', async () => {
  await using inner = openMemoryStore()
  const full: Store = {
    get: (key, at) => inner.get(key, at),
    list: (prefix, at) => inner.list(prefix, at),
    txn: (change) => inner.txn(change),
    watch: (prefix, after, signal) => inner.watch(prefix, after, signal),
    compact: () => Promise.reject(new Error('full')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const store = trimmed(full, 1)
  for (let count = 0; count < 10; count++) await store.txn({ then: [{ put: '/a', value: String(count) }] })
  assert.equal((await store.get('/a'))?.value, '9')
})

test('transactions of one turn are told of in order, also where one of them makes the store compact itself', async () => {
  await using store = trimmed(openMemoryStore(), 2)
  const told: number[] = []
  await Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (count) => {
      await store.txn({ then: [{ put: '/a', value: String(count) }] })
      told.push(count)
    }),
  )
  assert.deepEqual(told, [0, 1, 2, 3, 4, 5])
})
