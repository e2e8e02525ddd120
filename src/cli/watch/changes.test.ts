import assert from 'node:assert/strict'
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { mock, test } from 'node:test'
import { Changes } from './changes.ts'

test('directories that are made while the one above begins to be watched are watched, too', async () => {
  using place = new DisposableStack()
  const home = place.adopt(mkdtempSync(`${tmpdir()}/galley-changes-`), (path) => rmSync(path, { recursive: true }))
  const path = `${home}/later/deep`
  const { watch } = fs
  const coming = [`${home}/later`, path]
  const watching = mock.method(fs, 'watch', (...args: Parameters<typeof watch>) => {
    const next = coming.shift()
    if (next !== undefined) mkdirSync(next)
    return watch(...args)
  })
  syncBuiltinESMExports()
  place.defer(() => {
    watching.mock.restore()
    syncBuiltinESMExports()
  })
  const told = Promise.withResolvers<ReadonlySet<string>>()
  using _changes = new Changes({ path }, () => true, told.resolve)
  assert.deepEqual(coming, [])
  writeFileSync(`${path}/file`, 'late')
  assert.deepEqual([...(await told.promise)], ['file'])
})
