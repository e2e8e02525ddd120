import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { configOf } from './config.ts'
import { planned, recordInstance } from './locate.ts'

test('a daemon that is started again at its own place goes on with its own data', () => {
  const run = mkdtempSync(`${tmpdir()}/galley-locate-`)
  try {
    recordInstance(configOf({ run, data: '/srv/data', pool: '10.9.0.0/16' }))
    const own = { run, data: '/srv/data', pool: '10.9.0.0/16', socket: `${run}/docker.sock` }
    assert.deepEqual({ ...planned({ run }, {}) }, own)
    assert.deepEqual({ ...planned({}, { GALLEY_SOCKET: `${run}/docker.sock` }) }, own)
    assert.equal(planned({ run, data: '/srv/other' }, {}).data, '/srv/other')
    assert.deepEqual(planned({}, {}), {})
  } finally {
    rmSync(run, { recursive: true })
  }
})
