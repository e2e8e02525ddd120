import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { lockFile } from '#host/kernel/lock.ts'
import { startKeeper } from './keeper.ts'

test('a keeper that can not be started, for want of a process or of its log, ends nobody and leaves the lock to the next', async () => {
  const run = mkdtempSync(`${tmpdir()}/galley-keeper-`)
  const { execPath } = process
  process.execPath = `${run}/no-node`
  try {
    startKeeper(run)
    // Its failure is told later.
    await setTimeout(50)
    rmSync(`${run}/keeper.log`)
    mkdirSync(`${run}/keeper.log`)
    assert.throws(() => startKeeper(run), { code: 'EISDIR' })
    const lock = lockFile(`${run}/keeper.pid`)
    assert.notEqual(lock, undefined)
    closeSync(lock ?? -1)
  } finally {
    process.execPath = execPath
    rmSync(run, { recursive: true })
  }
})
