import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { digestOf } from '#base/digest.ts'
import { PartArchives } from './part-archives.ts'

test('a part is kept though another daemon deletes old ones at the same time', () => {
  const home = mkdtempSync(`${tmpdir()}/galley-parts-`)
  try {
    const archives = new PartArchives(home, systemClock)
    const [key, layer] = ['a'.repeat(64), digestOf(Buffer.from('x'))]
    writeFileSync(archives.path(layer), '')
    // Names that are read, and lead nowhere any more.
    for (const name of ['gone.layer', `${'b'.repeat(64)}.json`]) symlinkSync(`${home}/nowhere`, `${home}/${name}`)
    archives.keep(key, { layers: [layer], image: {}, versions: {} })
    assert.deepEqual(archives.find(key)?.layers, [layer])
  } finally {
    rmSync(home, { recursive: true })
  }
})
