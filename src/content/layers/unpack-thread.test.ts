import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { digestOf } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { extractLayer } from './extract.ts'
import { PipeWriter, readPipe, sharedPipe } from './shared-pipe.ts'
import { tarBytes, type Given } from './tar-fixture.ts'

let home = ''
const root = (): string => `${home}/root`

beforeEach(() => {
  home = mkdtempSync(`${tmpdir()}/galley-thread-`)
  mkdirSync(root())
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

async function* stream(bytes: Buffer, size = 64 << 10): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Enough that a thread is started for it. */
const large = (...more: readonly Given[]): Buffer => tarBytes({ path: 'large', body: Buffer.alloc(9_000_000, 'large') }, ...more)

test('a layer that a thread unpacks has the same digest, size and files', async () => {
  const archive = large({ path: 'd/after', body: 'after' })
  assert.deepEqual(await extractLayer(stream(archive), root()), {
    diffId: digestOf(archive),
    size: 9_000_005,
    archive: archive.length,
  })
  assert.equal(readFileSync(`${root()}/d/after`, 'utf8'), 'after')
})

test('what the thread refuses is refused here, with all that it says', async () => {
  await assert.rejects(extractLayer(stream(large({ path: '../out' })), root()), (error) => {
    assert.ok(error instanceof GalleyError)
    assert.deepEqual([error.kind, error.code, error.subject], ['invalid', 'layer.escape', '../out'])
    return true
  })
  assert.ok(!existsSync(`${home}/out`))
})

test('a layer that is refused early is not read to its end', async () => {
  let given = 0
  const source = async function* (): AsyncGenerator<Buffer> {
    yield tarBytes({ path: '../out' }).subarray(0, 512)
    for (; given < 1000; given++) yield Buffer.alloc(1 << 20)
  }
  await assert.rejects(extractLayer(source(), root()), { kind: 'invalid' })
  assert.ok(given < 1000)
})

test('a source that fails is told, and the thread lets go of the directory', async () => {
  const source = async function* (): AsyncGenerator<Buffer> {
    yield* stream(large().subarray(0, 5_000_000))
    throw new Error('cut off')
  }
  await assert.rejects(extractLayer(source(), root()), /cut off/)
  rmSync(root(), { recursive: true })
})

test('what is no fault of the archive stays an error of the system', async () => {
  writeFileSync(`${home}/file`, '')
  await assert.rejects(extractLayer(stream(large()), `${home}/file`), { code: 'ENOTDIR' })
})

test('a pipe gives what was written into it, however it was cut', async () => {
  // Together no more than fits into it: reader and writer share a thread here.
  const cuts = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(cuts, async (sizes) => {
      const pipe = sharedPipe()
      const looked: Buffer[] = []
      const writer = new PipeWriter(pipe, (bytes) => looked.push(Buffer.from(bytes)))
      const written = sizes.map((size, index) => Buffer.alloc(size, `${index} and more of it`))
      for (const bytes of written) await writer.write(bytes)
      writer.end()
      const read = Array.from(readPipe(pipe), (bytes) => Buffer.from(bytes))
      assert.ok(Buffer.concat(read).equals(Buffer.concat(written)))
      assert.ok(Buffer.concat(looked).equals(Buffer.concat(written)))
    }),
    { numRuns: 30 },
  )
})

test('a pipe that was abandoned fails its reader, one that was closed lets its writer go on', async () => {
  const abandoned = sharedPipe()
  new PipeWriter(abandoned, () => undefined).abandon()
  assert.throws(() => [...readPipe(abandoned)], { code: 'pipe.abandoned' })
  const closed = sharedPipe()
  const writer = new PipeWriter(closed, () => undefined)
  await writer.write(Buffer.alloc(4 << 20))
  const stuck = writer.write(Buffer.alloc(4 << 20))
  writer.close()
  await stuck
  assert.equal(writer.isOpen, false)
})
