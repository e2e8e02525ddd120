import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { MountCaches } from './mount-caches.ts'

test('caches that are pruned while they are listed are left out', async () => {
  const home = mkdtempSync(`${tmpdir()}/galley-mount-caches-`)
  try {
    const caches = new MountCaches(home)
    for (const id of ['one', 'two', 'three']) {
      using _lease = await caches.take(id, 'shared', new AbortController().signal)
    }
    assert.equal((await caches.list()).length, 3)
    const listed = caches.list()
    assert.equal(caches.prune().length, 3)
    // The first was being counted.
    assert.equal((await listed).length, 1)
  } finally {
    rmSync(home, { recursive: true })
  }
})
