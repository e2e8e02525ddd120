import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partPattern } from './match.ts'

// Cases of Go's path/filepath: what a pattern fits, and what not.
test('patterns fit as Go’s filepath.Match has it', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'ab/c', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['a[\\]]b', 'a]b', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['*.go', '.go', true],
    ['a☺?', 'a☺b', true],
  ]
  for (const [pattern, name, fits] of cases) assert.equal(partPattern(pattern).test(name), fits, `${pattern} ${name}`)
})

test('a pattern that is cut short or has an empty set is refused', () => {
  for (const pattern of ['[', '[a', '[]a]', '[-]', '[x-]', 'a\\'])
    assert.throws(() => partPattern(pattern), { message: 'syntax error in pattern' })
})
