import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { ensureDaemon } from './ensure-daemon.ts'

test('a daemon whose process can not be started at all is told as that', async () => {
  const run = mkdtempSync(`${tmpdir()}/galley-ensure-`)
  const { execPath } = process
  process.execPath = `${run}/no-node`
  try {
    await assert.rejects(ensureDaemon({ data: `${run}/data`, run, socket: `${run}/socket` }, []), {
      kind: 'unavailable',
      code: 'process.not-started',
      message: /can't start .*no-node: spawn .* ENOENT/,
    })
  } finally {
    process.execPath = execPath
    rmSync(run, { recursive: true })
  }
})
