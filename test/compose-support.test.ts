import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { supportFile, supportText } from './compose-support.ts'

test('docs/support/compose.md tells what the program carries out', () => {
  assert.equal(readFileSync(supportFile, 'utf8'), supportText(), 'run: node test/compose-support.ts')
})
