import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GalleyError, type ErrorKind } from '#base/error.ts'
import type { Change, Revision, Store } from './store.ts'
import { modelTests } from './suite-model.ts'

type Open = () => Promise<Store>

/** What every store must do, as tests under `name`. `open` hands out a new, empty store each time; the suite disposes it. */
export function storeSuite(name: string, open: Open): void {
  const on = (behaviour: string, run: (store: Store) => Promise<void>): void => {
    void test(`${name}: ${behaviour}`, async () => {
      await using store = await open()
      await run(store)
    })
  }
  readTests(on)
  transactionTests(on)
  compactTests(on)
  watchTests(on)
  closeTests(name, open)
  modelTests(name, open)
}

type On = (behaviour: string, run: (store: Store) => Promise<void>) => void

function readTests(on: On): void {
  on('a new store is empty at revision 0', async (store) => {
    assert.deepEqual(await store.list(''), { revision: 0, entries: [] })
    assert.equal(await store.get('a'), undefined)
  })

  on('a key keeps the revision that created it until it is deleted', async (store) => {
    await put(store, 'a', '1')
    await put(store, 'a', '2')
    assert.deepEqual(await store.get('a'), { key: 'a', value: '2', created: 1, modified: 2 })
    await store.txn({ then: [{ delete: 'a' }] })
    assert.equal(await store.get('a'), undefined)
    await put(store, 'a', '3')
    assert.deepEqual(await store.get('a'), { key: 'a', value: '3', created: 4, modified: 4 })
  })

  on('a listing has the keys of its prefix in UTF-8 order', async (store) => {
    const keys = ['/a/\u{1f600}', '/a/\uffee', '/a/b', '/a/', '/a/%', '/a/_', '/a0', '/A/b']
    await store.txn({ then: keys.map((key) => ({ put: key, value: '0' })) })
    assert.deepEqual(await keysUnder(store, '/a/'), ['/a/', '/a/%', '/a/_', '/a/b', '/a/\uffee', '/a/\u{1f600}'])
    assert.equal((await keysUnder(store, '')).length, keys.length)
  })

  on('reads at an older revision tell what was then', async (store) => {
    await put(store, 'a', '1')
    await put(store, 'b', '1')
    await store.txn({ then: [{ delete: 'a' }, { put: 'b', value: '2' }] })
    assert.deepEqual(await store.list('', 2), {
      revision: 2,
      entries: [
        { key: 'a', value: '1', created: 1, modified: 1 },
        { key: 'b', value: '1', created: 2, modified: 2 },
      ],
    })
    assert.equal((await store.get('a', 2))?.value, '1')
    assert.equal(await store.get('b', 1), undefined)
    assert.equal(await store.get('a', 3), undefined)
  })

  on('a revision that is yet to come is invalid', async (store) => {
    await rejects(store.get('a', 1), 'invalid')
    await rejects(store.list('', 1), 'invalid')
    await rejects(store.compact(1), 'invalid')
  })
}

function transactionTests(on: On): void {
  on('a comparison chooses between the two lists', async (store) => {
    const change = { when: [{ key: 'a', modified: 0 }], then: [{ put: 'a', value: '1' }], otherwise: [{ put: 'b', value: '1' }] }
    assert.deepEqual(await store.txn(change), { succeeded: true, revision: 1 })
    assert.deepEqual(await store.txn(change), { succeeded: false, revision: 2 })
    assert.deepEqual(await keysUnder(store, ''), ['a', 'b'])
  })

  on('one comparison that fails is enough', async (store) => {
    await put(store, 'a', '1')
    const when = [
      { key: 'a', modified: 1 },
      { key: 'b', modified: 1 },
    ]
    assert.deepEqual(await store.txn({ when, then: [{ put: 'c', value: '1' }] }), { succeeded: false, revision: 1 })
    assert.equal(await store.get('c'), undefined)
  })

  on('of many that create one key at once, one succeeds', async (store) => {
    const create = (value: string) => store.txn({ when: [{ key: 'a', modified: 0 }], then: [{ put: 'a', value }] })
    const outcomes = await Promise.all(['0', '1', '2', '3'].map(create))
    assert.deepEqual(
      outcomes.map(({ succeeded }) => succeeded),
      [true, false, false, false],
    )
    assert.equal((await store.get('a'))?.value, '0')
  })

  on('transactions of one turn have a revision each, in order', async (store) => {
    const outcomes = await Promise.all(['a', 'b', 'c'].map((key) => put(store, key, '1')))
    assert.deepEqual(
      outcomes.map(({ revision }) => revision),
      [1, 2, 3],
    )
  })

  on('what changes nothing uses no revision', async (store) => {
    assert.deepEqual(await store.txn({ then: [{ delete: 'a' }] }), { succeeded: true, revision: 0 })
    assert.deepEqual(await store.txn({ then: [] }), { succeeded: true, revision: 0 })
  })

  on('what could not be kept is refused and spoils nothing beside it', async (store) => {
    const bad = ['', 'a\0b', '\ud800'].map((key) => rejects(put(store, key, '1'), 'invalid'))
    const good = put(store, 'good', '1')
    await Promise.all([
      ...bad,
      rejects(put(store, 'a', 'x\0'), 'invalid'),
      rejects(store.txn({ then: [{ put: 'a', value: '1' }, { delete: 'a' }] }), 'invalid'),
      rejects(put(store, 'a', 'x'.repeat(2 ** 21)), 'too large'),
    ])
    assert.deepEqual(await good, { succeeded: true, revision: 1 })
    assert.deepEqual(await keysUnder(store, ''), ['good'])
  })
}

function compactTests(on: On): void {
  on('compacting keeps the state at its revision and expires what is older', async (store) => {
    for (const value of ['1', '2', '3']) await put(store, 'a', value)
    await store.compact(2)
    await rejects(store.get('a', 1), 'expired')
    await rejects(store.list('', 1), 'expired')
    assert.equal((await store.get('a', 2))?.value, '2')
    assert.deepEqual(await store.get('a'), { key: 'a', value: '3', created: 1, modified: 3 })
    await store.compact(1)
    assert.equal((await store.get('a', 2))?.value, '2')
  })

  on('compacting forgets what was deleted, but not the revision', async (store) => {
    await put(store, 'a', '1')
    await store.txn({ then: [{ delete: 'a' }] })
    await store.compact(2)
    assert.deepEqual(await store.list('', 2), { revision: 2, entries: [] })
    assert.deepEqual(await put(store, 'b', '1'), { succeeded: true, revision: 3 })
  })
}

function watchTests(on: On): void {
  on('a watch gets the past, then what happens', async (store) => {
    await put(store, '/a/1', '1')
    await put(store, '/b/1', '1')
    await put(store, '/a/2', '1')
    const seen = take(store, '/a/', 1, 3)
    await Promise.all([put(store, '/a/3', '1'), put(store, '/b/2', '1'), store.txn({ then: [{ delete: '/a/2' }] })])
    assert.deepEqual(await seen, [
      { type: 'put', entry: { key: '/a/2', value: '1', created: 3, modified: 3 } },
      { type: 'put', entry: { key: '/a/3', value: '1', created: 4, modified: 4 } },
      { type: 'delete', key: '/a/2', revision: 6 },
    ])
  })

  on('a watch from a revision that is yet to come waits for it', async (store) => {
    const seen = take(store, '', 2, 1)
    for (const key of ['a', 'b', 'c']) await put(store, key, '1')
    assert.deepEqual(await seen, [{ type: 'put', entry: { key: 'c', value: '1', created: 3, modified: 3 } }])
  })

  on('a watch before what was compacted is expired, one from there is not', async (store) => {
    for (const key of ['a', 'b', 'c']) await put(store, key, '1')
    await store.compact(2)
    await rejects(take(store, '', 1, 1), 'expired')
    assert.equal((await take(store, '', 2, 1)).length, 1)
  })

  on('a quiet watch is not expired by compacting what it was never to see', async (store) => {
    const seen = take(store, '/a/', 0, 1500)
    for (const key of ['b', 'c', 'd']) await put(store, key, '1')
    await store.compact(3)
    await Promise.all(Array.from({ length: 1500 }, (_, index) => put(store, `/a/${index}`, '1')))
    assert.deepEqual(
      (await seen).map(revisionOf),
      Array.from({ length: 1500 }, (_, index) => index + 4),
    )
  })

  on('a slow watcher misses nothing', async (store) => {
    const changes = store.watch('', 0, new AbortController().signal)[Symbol.asyncIterator]()
    const first = changes.next()
    await put(store, 'k', '0')
    assert.equal((await first).done, false)
    for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 800 }, (_, index) => put(store, 'k', String(index))))
    for (let revision = 2; revision <= 3201; revision++) assert.equal(revisionOf((await changes.next()).value as Change), revision)
    await changes.return?.()
  })

  on('aborting ends a watch that waits', async (store) => {
    const controller = new AbortController()
    const end = store.watch('', 0, controller.signal)[Symbol.asyncIterator]().next()
    controller.abort()
    assert.deepEqual(await end, { done: true, value: undefined })
  })
}

function closeTests(name: string, open: Open): void {
  void test(`${name}: closing finishes what was asked, ends watches, and refuses the rest`, async () => {
    const store = await open()
    const watching = rejects(take(store, '', 0, 2), 'unavailable')
    const last = put(store, 'a', '1')
    await store[Symbol.asyncDispose]()
    assert.deepEqual(await last, { succeeded: true, revision: 1 })
    await watching
    await rejects(store.get('a'), 'unavailable')
    await rejects(put(store, 'a', '1'), 'unavailable')
    await store[Symbol.asyncDispose]()
  })
}

function put(store: Store, key: string, value: string) {
  return store.txn({ then: [{ put: key, value }] })
}

async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  return (await store.list(prefix)).entries.map(({ key }) => key)
}

async function take(store: Store, prefix: string, after: Revision, count: number): Promise<Change[]> {
  const seen: Change[] = []
  for await (const change of store.watch(prefix, after, new AbortController().signal)) if (seen.push(change) === count) break
  return seen
}

function revisionOf(change: Change): Revision {
  return change.type === 'put' ? change.entry.modified : change.revision
}

async function rejects(promise: Promise<unknown>, kind: ErrorKind): Promise<void> {
  await assert.rejects(promise, (error: unknown) => error instanceof GalleyError && error.kind === kind)
}
