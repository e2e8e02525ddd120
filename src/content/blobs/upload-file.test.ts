import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { BatchWriter } from './batch-writer.ts'
import { UploadFile } from './upload-file.ts'

const home = mkdtempSync(`${tmpdir()}/galley-upload-`)
after(() => rmSync(home, { recursive: true, force: true }))
let files = 0
const newPath = (): string => `${home}/${files++}`
const bytes = randomBytes(3 << 20)
const sha256 = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

/** Parts of `bytes` in these sizes, with a turn of the event loop after some. */
async function* parts(sizes: readonly number[], fail = false): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, (at += size))
    if (size % 3 === 0) await new Promise(setImmediate)
  }
  if (fail) throw new Error('cut')
}

test('chunks of any sizes become one file, and its digest is known, also after it was opened again', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 7 })
  await fc.assert(
    fc.asyncProperty(sizes, sizes, fc.boolean(), async (first, second, again) => {
      const path = newPath()
      const made = await UploadFile.create(path, ['sha256'])
      await assert.rejects(made.append(parts(first, true)), { message: 'cut' })
      const upload = again ? await UploadFile.reopen(path) : made
      assert.ok(upload !== undefined)
      const [one, all] = [first, [...first, ...second]].map((list) => list.reduce((sum, size) => sum + size, 0))
      assert.equal(upload.size, one)
      const rest = async function* (): AsyncGenerator<Buffer> {
        yield bytes.subarray(one, all)
      }
      await upload.append(rest())
      const wanted = bytes.subarray(0, all)
      assert.ok(readFileSync(path).equals(wanted))
      assert.equal(await upload.digest('sha256'), sha256(wanted))
      assert.match(await upload.digest('sha512'), /^sha512:[0-9a-f]{128}$/)
    }),
    { numRuns: 40 },
  )
})

/** A file on a disk that has room for so many bytes. */
async function fullAfter(path: string, room: number): Promise<FileHandle> {
  const file = await open(path, 'w+')
  let left = room
  const taken = (length: number): number => {
    if (left === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    const count = Math.min(length, left)
    left -= count
    return count
  }
  const write = async (buffer: Uint8Array, offset: number, length: number, at: number): Promise<{ bytesWritten: number }> =>
    await file.write(buffer, offset, taken(length), at)
  const writev = async (batch: readonly Uint8Array[], at: number): Promise<{ bytesWritten: number }> => {
    const whole = Buffer.concat(batch)
    return await file.write(whole, 0, taken(whole.length), at)
  }
  return Object.assign(Object.create(file) as FileHandle, { write, writev, close: () => file.close() })
}

test('a disk that fills up ends the writing, and what is written is still known', async () => {
  const path = newPath()
  const file = await fullAfter(path, 1_500_000)
  const writer = new BatchWriter(file, 0)
  const write = async (): Promise<void> => {
    for (let at = 0; at < bytes.length; at += 65_536) {
      const room = writer.add(bytes.subarray(at, at + 65_536))
      if (room !== undefined) await room
      await new Promise(setImmediate)
    }
    await writer.finish()
  }
  await assert.rejects(write(), { code: 'ENOSPC' })
  await assert.rejects(writer.finish(), { code: 'ENOSPC' })
  assert.ok(writer.end <= 1_500_000)
  assert.ok(readFileSync(path).subarray(0, writer.end).equals(bytes.subarray(0, writer.end)))
  await file.close()
})
