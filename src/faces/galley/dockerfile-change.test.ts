import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDockerfile } from '#build/checks/check.ts'
import { dockerfileChange } from './dockerfile-change.ts'

/** A Dockerfile's lines after the changes of its findings, and how many findings are left then. */
function changed(text: string): [string, number] {
  const check = (one: string): ReturnType<typeof checkDockerfile>['findings'] =>
    checkDockerfile(one, { ignore: [], variablesOf: () => undefined }).findings
  const lines = text.split('\n')
  for (const finding of check(text)) {
    const change = dockerfileChange(finding, '/Dockerfile')
    if (change !== undefined && lines[change.at.line - 1] === change.before) lines[change.at.line - 1] = change.after
  }
  return [lines.join('\n'), check(lines.join('\n')).length]
}

test('what has one answer is changed, after which nothing is found', () => {
  assert.deepEqual(changed('FROM --platform=$BUILDPLATFORM box as one\n'), ['FROM --platform=$BUILDPLATFORM box AS one\n', 0])
  assert.deepEqual(changed('from box AS one\nrun x\n'), ['from box as one\nrun x\n', 0])
  assert.deepEqual(changed('FROM box\nENV A b\nENV PATH $PATH:/x\nLABEL words two words\n'), [
    'FROM box\nENV A=b\nENV PATH=$PATH:/x\nLABEL words="two words"\n',
    0,
  ])
  assert.deepEqual(changed('FROM box\nMAINTAINER A B <a@example.com>\n'), [
    'FROM box\nLABEL org.opencontainers.image.authors="A B <a@example.com>"\n',
    0,
  ])
})

test('what a person has to decide is left as it is', () => {
  for (const text of ['FROM box\nENV A "b" c\n', 'FROM box\nENV A b \\\n  c\n', 'FROM box AS One\n', 'FROM box\nCMD a b\n'])
    assert.deepEqual(changed(text), [text, 1])
})
