import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { endOfWords, splitWords } from './words.ts'

test('a line ends where a shell would do something else', () => {
  assert.deepEqual(splitWords('echo a && echo b'), ['echo', 'a'])
  assert.equal(endOfWords('echo a && echo b'), 7)
  assert.deepEqual(splitWords('sh -c "a | b" 2>&1'), ['sh', '-c', 'a | b'])
  assert.deepEqual(splitWords('a `b c` $(d e)'), ['a', '`b c`', '$(d e)'])
  assert.equal(splitWords('a(b'), undefined)
  assert.equal(endOfWords("sh -c 'a; b'"), 12)
})

test('words are split as a shell quotes them', () => {
  assert.deepEqual(splitWords(`sh -c "echo \\"a b\\"; sleep 1" 'x y'z \\ q ''`), ['sh', '-c', 'echo "a b"; sleep 1', 'x yz', ' q', ''])
  assert.equal(splitWords(`sh -c "echo`), undefined)
  assert.deepEqual(splitWords('  '), [])
})

test('any words in single quotes come out as they were', () => {
  const word = fc.string().map((text) => text.replaceAll("'", ''))
  fc.assert(
    fc.property(fc.array(word), (words) => {
      assert.deepEqual(splitWords(words.map((text) => `'${text}'`).join(' ')), words)
    }),
  )
})
