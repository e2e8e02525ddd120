import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMode } from './mode.ts'

test('modes are octal or symbolic, as chmod takes them', () => {
  const cases: readonly (readonly [string, number, boolean, number])[] = [
    ['755', 0o644, false, 0o755],
    ['4755', 0o644, false, 0o4755],
    ['u+x', 0o644, false, 0o744],
    ['go-rwx', 0o755, false, 0o700],
    ['a=rX', 0o644, false, 0o444],
    ['a=rX', 0o755, true, 0o555],
    ['u=rwX,go=rX', 0o600, true, 0o755],
    ['+t,g+s', 0o755, true, 0o3755],
  ]
  for (const [text, before, isDirectory, after] of cases) assert.equal(parseMode(text)(before, isDirectory), after, text)
})

test('anything else is refused', () => {
  for (const text of ['', '888', '77777', 'u~x', 'rwx,']) assert.throws(() => parseMode(text), { message: /invalid chmod parameter/ })
})
