import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { kindOf } from '#base/error.ts'
import { storeSuite } from '../suite.ts'
import { openSqliteStore } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-store-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
const newPath = (): string => join(folder, `${files++}.db`)

storeSuite('sqlite', async () => openSqliteStore(newPath()))

test('sqlite: what was written, compacted and deleted is the same after opening it again', async () => {
  const path = newPath()
  {
    await using store = openSqliteStore(path)
    await store.txn({ then: [{ put: 'a', value: '1' }] })
    await store.txn({ then: [{ put: 'b', value: '1' }] })
    await store.txn({ then: [{ delete: 'b' }] })
    await store.compact(3)
  }
  await using store = openSqliteStore(path)
  assert.deepEqual(await store.list(''), { revision: 3, entries: [{ key: 'a', value: '1', created: 1, modified: 1 }] })
  await assert.rejects(store.list('', 2), { kind: 'expired' })
})

test('sqlite: a store that is open is not opened twice', async () => {
  const path = newPath()
  await using store = openSqliteStore(path)
  assert.throws(() => openSqliteStore(path), { kind: 'conflict', message: `${path} is in use by another process` })
  assert.deepEqual(await store.txn({ then: [{ put: 'a', value: '1' }] }), { succeeded: true, revision: 1 })
})

test('sqlite: a file of a newer layout is left alone', () => {
  const path = newPath()
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 1000')
  db.close()
  assert.throws(() => openSqliteStore(path), { kind: 'invalid' })
})

test('sqlite: only the owner can read the file and its log', async () => {
  const path = newPath()
  await using store = openSqliteStore(path)
  await store.txn({ then: [{ put: 'a', value: '1' }] })
  for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('sqlite: a write that fails is reported to all of its turn and leaves no trace', async () => {
  const path = newPath()
  const db = new DatabaseSync(path)
  db.exec("CREATE TABLE log(revision INTEGER, key TEXT, op TEXT, value TEXT, created INTEGER, CHECK (key != 'bad'))")
  db.close()
  await using store = openSqliteStore(path)
  const writes = ['good', 'bad', 'also good'].map((key) => store.txn({ then: [{ put: key, value: '1' }] }))
  const kinds = (await Promise.allSettled(writes)).map((result) => (result.status === 'rejected' ? kindOf(result.reason) : result.status))
  assert.deepEqual(kinds, ['unavailable', 'unavailable', 'unavailable'])
  assert.deepEqual(await store.list(''), { revision: 0, entries: [] })
  assert.deepEqual(await store.txn({ then: [{ put: 'good', value: '1' }] }), { succeeded: true, revision: 1 })
})

test('sqlite: a file that is damaged is told by its name, with what to do', async () => {
  const path = newPath()
  {
    await using store = openSqliteStore(path)
    for (let key = 0; key < 200; key++) await store.txn({ then: [{ put: `k${key}`, value: 'x'.repeat(200) }] })
  }
  const file = openSync(path, 'r+')
  writeSync(file, 'no database any more', 0)
  closeSync(file)
  assert.throws(() => openSqliteStore(path), { code: 'store.damaged', subject: path, advice: /backup/ })
})

test('sqlite: room that a crash cut off while it was taken is taken whole', async () => {
  const path = newPath()
  writeFileSync(`${path}-reserve`, 'half')
  await using _store = openSqliteStore(path)
  assert.equal(statSync(`${path}-reserve`).size, 4 << 20)
})
