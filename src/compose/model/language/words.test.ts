import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitWords } from './words.ts'

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
