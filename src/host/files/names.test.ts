import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { namesIn } from './names.ts'

test('a directory that is not there holds no names, and neither does a file', () => {
  using home = mkdtempDisposableSync('/tmp/galley-names-')
  writeFileSync(`${home.path}/one`, '')
  assert.deepEqual(namesIn(home.path), ['one'])
  assert.deepEqual(namesIn(`${home.path}/none`), [])
  assert.deepEqual(namesIn(`${home.path}/one`), [])
})
