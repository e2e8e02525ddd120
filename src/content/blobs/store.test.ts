import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { BlobStore } from './store.ts'

/** A file system of 256 KiB. */
function smallDisk(): Disposable & { readonly path: string } {
  const path = mkdtempSync(`${tmpdir()}/galley-blobs-`)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'galley-test', path])
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', [path])
      rmSync(path, { recursive: true })
    },
  }
}

test('a blob of which only a part found room is refused, and nothing of it stays', async () => {
  using disk = smallDisk()
  const blobs = new BlobStore(disk.path)
  const source = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.alloc(1 << 20, 'x')
  }
  await assert.rejects(blobs.put(source()), { kind: 'unavailable', code: 'disk.full' })
  assert.deepEqual([blobs.list(), readdirSync(`${disk.path}/arriving`)], [[], []])
})
