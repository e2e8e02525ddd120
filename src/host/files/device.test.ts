import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { runSync } from '#host/process/run.ts'
import { devicesBelow } from './device.ts'

test('a directory that can no longer be read by its name takes none of the other devices along', (t) => {
  const home = mkdtempSync(`${tmpdir()}/galley-devices-`)
  try {
    mkdirSync(`${home}/deeper`)
    // As one that has just gone: its name is not in UTF-8, and what is read of it leads nowhere.
    mkdirSync(Buffer.concat([Buffer.from(`${home}/`), Buffer.from([0xff])]))
    if (runSync('mknod', [`${home}/deeper/null`, 'c', '1', '3']).code !== 0) return t.skip('no device can be made here')
    assert.deepEqual(
      devicesBelow(home).map(({ path, type, major, minor }) => ({ path, type, major, minor })),
      [{ path: `${home}/deeper/null`, type: 'c', major: 1, minor: 3 }],
    )
  } finally {
    rmSync(home, { recursive: true })
  }
})
