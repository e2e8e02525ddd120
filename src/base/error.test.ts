import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { GalleyError, reasonOf } from './error.ts'

const thrownBy = (task: () => unknown): unknown => {
  try {
    return task()
  } catch (error) {
    return error
  }
}

test('why the system refused is told in words, without its code and the file', () => {
  assert.equal(reasonOf(thrownBy(() => readFileSync('/nowhere'))), 'no such file or directory')
  assert.equal(reasonOf(thrownBy(() => readFileSync('/'))), 'is a directory')
  assert.equal(reasonOf(new GalleyError('invalid', 'a text of its own')), 'a text of its own')
})
