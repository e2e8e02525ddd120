import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { ask } from './connect.ts'

const home = mkdtempSync(`${tmpdir()}/galley-connect-`)
process.env['GALLEY_SOCKET'] = `${home}/docker.sock`

after(() => rmSync(home, { recursive: true, force: true }))

test('nothing is read of an upload for a daemon that is not there, so that all of it reaches the one that is started', async () => {
  const upload = Readable.from([Buffer.from('first'), Buffer.from('rest')])
  // As whoever shows how much of it has been sent.
  upload.on('data', () => undefined).pause()
  await assert.rejects(ask('/images/load', { method: 'POST', upload }), { code: 'daemon.absent' })
  assert.equal(upload.readableDidRead, false)
})
