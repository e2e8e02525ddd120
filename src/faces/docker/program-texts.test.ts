import assert from 'node:assert/strict'
import { chmodSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { ProgramTexts } from './program-texts.ts'

function program(path: string, version: string): void {
  writeFileSync(path, `#!/bin/sh\necho asked >>"$0.asked"\necho "version ${version}"\n`)
  chmodSync(path, 0o755)
}

const asked = (path: string): number => readFileSync(`${path}.asked`, 'utf8').split('\n').length - 1

test('a program is asked for its version once, and again when another one has taken its place', async () => {
  using directory = mkdtempDisposableSync(`${tmpdir()}/galley-program-`)
  const path = `${directory.path}/program`
  const texts = new ProgramTexts()
  assert.equal(await texts.of(path), '')
  program(path, '1')
  assert.deepEqual(await Promise.all([texts.of(path), texts.of(path)]), ['version 1\n', 'version 1\n'])
  assert.equal(asked(path), 1)
  program(path, '1.0.1')
  assert.equal(await texts.of(path), 'version 1.0.1\n')
  assert.equal(asked(path), 2)
})
