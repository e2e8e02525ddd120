import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '#base/fake-clock.ts'
import { openDirect } from '#host/files/direct.ts'
import { PortionWriter } from './portion-writer.ts'
import { UploadFile } from './upload-file.ts'

const home = mkdtempSync(`${tmpdir()}/galley-upload-`)
after(() => rmSync(home, { recursive: true, force: true }))
let files = 0
const newPath = (): string => `${home}/${files++}`
const bytes = randomBytes(14 << 20)
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
  const sizes = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 7 })
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

async function writeTo(writer: PortionWriter, content: Buffer): Promise<void> {
  for (let at = 0; at < content.length; at += 65_536) {
    const room = writer.add(content.subarray(at, at + 65_536))
    if (room !== undefined) await room
    await new Promise(setImmediate)
  }
  await writer.finish()
}

test('a disk that fills up ends the writing, and what is written is still known', async () => {
  const path = newPath()
  const file = await fullAfter(path, 1_500_000)
  const writer = new PortionWriter(file, 0)
  await assert.rejects(writeTo(writer, bytes), { code: 'ENOSPC' })
  await assert.rejects(writer.finish(), { code: 'ENOSPC' })
  assert.ok(writer.end <= 1_500_000)
  assert.ok(readFileSync(path).subarray(0, writer.end).equals(bytes.subarray(0, writer.end)))
  await file.close()
})

test('what a client that then says nothing has sent is soon in the file', async () => {
  const path = newPath()
  await using file = await open(path, 'w+')
  const clock = new FakeClock()
  const writer = new PortionWriter(file, 0, { clock })
  assert.equal(writer.add(bytes.subarray(0, 5000)), undefined)
  assert.equal(readFileSync(path).length, 0)
  await clock.advance(50)
  while (writer.end === 0) await new Promise(setImmediate)
  assert.ok(readFileSync(path).equals(bytes.subarray(0, 5000)))
  writer.add(bytes.subarray(5000, 5001))
  await writer.finish()
  assert.ok(readFileSync(path).equals(bytes.subarray(0, 5001)))
})

test('large blobs go past the page cache, from wherever an earlier part ended', async (t) => {
  for (const before of [0, 1, 4096, 70_001]) {
    const path = newPath()
    writeFileSync(path, bytes.subarray(0, before))
    const direct = await openDirect(path)
    if (direct === undefined) return t.skip(`${tmpdir()} knows no direct input and output`)
    const taken: number[] = []
    const write = async (buffer: Buffer, offset: number, length: number, at: number): Promise<{ bytesWritten: number }> => {
      taken.push(length)
      // Killed now, the file must not be longer than what has come.
      assert.ok((await file.stat()).size >= at, `a hole before ${at}`)
      return await direct.write(buffer, offset, length, at)
    }
    await using file = await open(path, 'r+')
    const openIt = (): Promise<FileHandle> =>
      Promise.resolve(Object.assign(Object.create(direct) as FileHandle, { write, close: () => direct.close() }))
    const writer = new PortionWriter(file, before, { openDirect: openIt, clock: new FakeClock() })
    await writeTo(writer, bytes.subarray(before, -7))
    assert.ok(readFileSync(path).equals(bytes.subarray(0, -7)))
    assert.equal(writer.isCached, false)
    const sum = taken.reduce((total, length) => total + length, 0)
    assert.ok(sum > bytes.length - before - 300_000, `${sum} bytes went past the cache`)
  }
})

test('where the file system wants other blocks, all goes through the page cache', async () => {
  const path = newPath()
  await using file = await open(path, 'w+')
  let asked = 0
  const write = (): Promise<never> => {
    asked++
    return Promise.reject(Object.assign(new Error('blocks'), { code: 'EINVAL' }))
  }
  const refusing = { write, close: () => Promise.resolve() } as unknown as FileHandle
  const writer = new PortionWriter(file, 0, { openDirect: () => Promise.resolve(refusing) })
  await writeTo(writer, bytes)
  assert.ok(readFileSync(path).equals(bytes))
  assert.deepEqual([asked, writer.isCached], [1, true])
})

test('a slow disk is given the rest through the page cache, where who reads it next finds it', async () => {
  for (const [speed, wanted] of [
    [100_000, 8 << 20],
    [1_000_000, bytes.length],
  ] as const) {
    const path = newPath()
    await using file = await open(path, 'w+')
    const clock = new FakeClock()
    let gone = 0
    const write = async (buffer: Buffer, offset: number, length: number, at: number): Promise<{ bytesWritten: number }> => {
      await clock.advance(length / speed)
      gone += length
      return await file.write(buffer, offset, length, at)
    }
    const disk = Object.assign(Object.create(file) as FileHandle, { write, close: () => Promise.resolve() })
    const writer = new PortionWriter(file, 0, { openDirect: () => Promise.resolve(disk), clock })
    await writeTo(writer, bytes)
    assert.ok(readFileSync(path).equals(bytes))
    assert.equal(gone, wanted)
  }
})

test('after a write that failed nothing more is written', async () => {
  const path = newPath()
  await using file = await open(path, 'w+')
  const clock = new FakeClock()
  let asked = 0
  const write = (): Promise<never> => {
    asked++
    return Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }))
  }
  const writer = new PortionWriter(Object.assign(Object.create(file) as FileHandle, { write }), 0, { clock })
  assert.equal(writer.add(bytes.subarray(0, 3 << 19)), undefined)
  await clock.advance(50)
  await assert.rejects(writer.finish(), { code: 'ENOSPC' })
  assert.deepEqual([asked, writer.end, readFileSync(path).length], [1, 0, 0])
})
