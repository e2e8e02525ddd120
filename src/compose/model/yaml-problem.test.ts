import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTrees } from './read.ts'

const slips: readonly (readonly [string, RegExp])[] = [
  ['services:\n  web:\n    image: x\n   ports: [a]\n', /^f:4:1: this line is not indented like those beside it$/],
  ['a:\n  b: 1\n   c: 2\n', /^f:2:6: this is indented deeper than what stands above it/],
  ['web:\n  image:nginx\n  build: .\n', /^f:2:3: a colon is missing behind this$/],
  ['a: "x\n', /a quote is not closed$/],
  ['a:\n\tb: 1\n', /^f:2:1: a tab indents this line$/],
  ['a:\n  b: 1\n\u00a0\u00a0c: d: 2\n', /^f:3:6: something that only looks like a space indents this line$/],
  ['a: @x\n', /a value cannot begin with this character$/],
  ['a: "b" c\n', /something stands behind a text in quotes$/],
  ['a: - b\n', /a list cannot begin behind a key in the same line$/],
  ['a: [1, 2\nb: 3\n', /brackets or braces are not closed here, or lack a comma$/],
  ['a: "\\q"\n', /this is not YAML: Invalid escape sequence/],
]

test('what is wrong with a YAML file is told at its place, in words for those who write it', () => {
  for (const [text, problem] of slips) assert.throws(() => readTrees(text, 'f'), { message: problem }, text)
})
