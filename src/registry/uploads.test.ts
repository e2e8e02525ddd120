import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { Uploads } from './uploads.ts'

test('of two requests that end an upload at once, the second one learns that it is over', async () => {
  const directory = mkdtempSync(`${tmpdir()}/galley-uploads-`)
  try {
    const uploads = new Uploads(directory)
    const { id } = await uploads.begin('app', 'sha256')
    const [first, second] = [await uploads.find('app', id), await uploads.find('app', id)]
    const ended = first.turn(() => uploads.end(first))
    await assert.rejects(
      second.turn(() => second.file.append(bytes())),
      { kind: 'not found', code: 'upload.unknown' },
    )
    await ended
    assert.deepEqual(readdirSync(directory), [])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('more')
}
