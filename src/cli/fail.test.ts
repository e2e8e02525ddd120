import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { exitCodes } from './fail.ts'

test('every exit code is told of in docs/command-line.md', () => {
  const page = readFileSync('docs/command-line.md', 'utf8')
  const documented = [...page.matchAll(/^\| (\d[\d, ]*) \|/gm)].flatMap(([, codes = '']) => codes.split(', ').map(Number))
  assert.ok(documented.length > 6)
  assert.deepEqual(
    Object.entries(exitCodes).filter(([, code]) => !documented.includes(code)),
    [],
  )
})
