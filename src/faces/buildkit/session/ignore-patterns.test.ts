import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ignorePatterns } from './ignore-patterns.ts'

test('lines of an ignore file become patterns relative to the root, in their order', () => {
  assert.deepEqual(ignorePatterns(['# comment', '', '  /a/  ', './b//c', '!/d', '! e ', '!', '**/*.log', ' # not a comment', '/']), [
    'a',
    'b/c',
    '!d',
    '!e',
    '**/*.log',
    '# not a comment',
    '/',
  ])
})
