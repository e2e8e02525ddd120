import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { LocalFiles } from './local-files.ts'

test('a directory that goes away while a context is walked is left out', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-context-`)
  try {
    // After 512 entries, others get their turn: this directory's name is told then, and what is in it is yet to be read.
    for (let number = 0; number < 511; number++) writeFileSync(`${home}/${String(number).padStart(4, '0')}`, '')
    mkdirSync(`${home}/going/deeper`, { recursive: true })
    writeFileSync(`${home}/stays`, '')
    const told = new LocalFiles(home, { directory: 'context' }, new AbortController().signal).stats()
    rmSync(`${home}/going`, { recursive: true })
    const paths = (await told).map(({ path }) => path)
    assert.deepEqual(paths.slice(511), ['going', 'stays'])
  } finally {
    rmSync(home, { recursive: true })
  }
})
