import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { MS, mount, unmount } from '#host/kernel/mount.ts'
import { overwrite } from './overwrite.ts'

test('a file gets another text and stays the same one; on a full disk it keeps the old text', () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-overwrite-`)
  mount('tmpfs', directory, 'tmpfs', MS.NOSUID, 'size=64k')
  try {
    const path = `${directory}/hosts`
    overwrite(path, 'a longer text\n')
    const { ino } = statSync(path)
    overwrite(path, 'text\n')
    assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).ino], ['text\n', ino])
    assert.throws(() => writeFileSync(`${directory}/filler`, Buffer.alloc(1 << 20)), { code: 'ENOSPC' })
    assert.throws(() => overwrite(path, 'x'.repeat(20_000)), { code: 'ENOSPC' })
    assert.equal(readFileSync(path, 'utf8'), 'text\n')
    overwrite(path, 'another, for which there is room\n')
    assert.equal(readFileSync(path, 'utf8'), 'another, for which there is room\n')
  } finally {
    unmount(directory)
    rmSync(directory, { recursive: true })
  }
})
