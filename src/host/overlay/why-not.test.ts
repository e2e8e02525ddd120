import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { mountOverlay, unmountOverlay } from './mount.ts'

test('a layer that is gone, and a file system that takes no changes, are told by name', () => {
  const home = mkdtempSync(`${tmpdir()}/galley-why-not-`)
  for (const name of ['a', 'on']) mkdirSync(`${home}/${name}`)
  try {
    assert.throws(() => mountOverlay({ lower: [`${home}/a`, `${home}/gone`], directory: `${home}/one` }), {
      code: 'layer.missing',
      subject: `${home}/gone`,
    })
    const merged = mountOverlay({ lower: [`${home}/a`], directory: `${home}/on` })
    try {
      assert.throws(() => mountOverlay({ lower: [`${home}/a`], directory: `${merged}/again` }), {
        code: 'disk.unfit',
        message: /is on overlay, where containers can't have their files/,
      })
    } finally {
      unmountOverlay(`${home}/on`)
    }
  } finally {
    rmSync(home, { recursive: true })
  }
})
