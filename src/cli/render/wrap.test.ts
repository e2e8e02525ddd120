import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitions, reflowed, wrapped } from './wrap.ts'

test('lines are broken at spaces, by the columns that wide characters take', () => {
  assert.equal(wrapped('one two three', 7), 'one two\nthree')
  assert.equal(wrapped('하나 둘 셋', 7), '하나 둘\n셋')
  assert.equal(wrapped('one two three', 9, 2), 'one two\n  three')
  assert.equal(wrapped('averylongword b', 5), 'averylongword\nb')
  assert.equal(wrapped('one two', Infinity), 'one two')
})

test('prose runs on where it does not fit, and lists keep their lines', () => {
  const text = 'It does this\nand that.\n\n  start  begins what is to be done\n  stop   ends it'
  assert.equal(reflowed(text, 80), text)
  assert.equal(reflowed(text, 22), 'It does this and that.\n\n  start  begins what\n         is to be done\n  stop   ends it')
})

test('what names mean stands in a column of its own, or below a name that is too long', () => {
  const rows = [
    ['--a', 'first'],
    ['--a-name-that-is-far-too-long-here', 'second'],
  ] as const
  assert.equal(definitions(rows, Infinity), `  --a${' '.repeat(33)}first\n  --a-name-that-is-far-too-long-here  second\n`)
  assert.equal(definitions(rows, 40), `  --a${' '.repeat(25)}first\n  --a-name-that-is-far-too-long-here\n${' '.repeat(30)}second\n`)
})

test('names without a meaning are broken as prose is', () => {
  assert.equal(definitions([['stop, start, kill [SERVICE]', '']], 20), '  stop, start, kill\n    [SERVICE]\n')
})

test('a command and its verb stay together, where they fit', () => {
  assert.equal(wrapped('as docker compose writes it', 13), 'as docker\ncompose\nwrites it')
  assert.equal(wrapped('mend it and run galley up again', 20), 'mend it and run\ngalley up again')
  assert.equal(wrapped('look: docker compose ps', 17), 'look:\ndocker compose ps')
})
