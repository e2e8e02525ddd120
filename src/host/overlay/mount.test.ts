import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { mountOverlay, unmountOverlay } from './mount.ts'

test('a directory that comes twice counts where it lies highest', () => {
  const home = mkdtempSync(`${tmpdir()}/galley-overlay-`)
  for (const name of ['a', 'b']) {
    mkdirSync(`${home}/${name}`)
    writeFileSync(`${home}/${name}/both`, name)
    writeFileSync(`${home}/${name}/of-${name}`, name)
  }
  const [a, b] = [`${home}/a`, `${home}/b`]
  const directory = `${home}/over`
  const merged = mountOverlay({ lower: [a, b, a], directory })
  try {
    assert.deepEqual(readdirSync(merged), ['both', 'of-a', 'of-b'])
    assert.equal(readFileSync(`${merged}/both`, 'utf8'), 'a')
  } finally {
    unmountOverlay(directory)
    rmSync(home, { recursive: true })
  }
})

test('a directory’s path may have what parts options and layers', () => {
  for (const odd of ['a:b', 'a,b', 'a\\b']) {
    const home = mkdtempSync(`${tmpdir()}/galley-overlay-`)
    const [lower, directory] = [`${home}/${odd}/lower`, `${home}/${odd}/over`]
    mkdirSync(lower, { recursive: true })
    writeFileSync(`${lower}/file`, odd)
    const merged = mountOverlay({ lower: [lower], directory })
    try {
      writeFileSync(`${merged}/new`, '')
      assert.deepEqual([readFileSync(`${merged}/file`, 'utf8'), readdirSync(`${directory}/upper`)], [odd, ['new']])
    } finally {
      unmountOverlay(directory)
      rmSync(home, { recursive: true })
    }
  }
})
