import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { digestOf } from '#base/digest.ts'
import type { Arrival } from './arrival.ts'
import { BlobStore } from './store.ts'

const home = mkdtempSync(`${tmpdir()}/galley-arrival-`)
after(() => rmSync(home, { recursive: true, force: true }))

const blob = randomBytes(20 << 20)
const digest = digestOf(blob)

async function write(arrival: Arrival, index: number, upTo: number): Promise<void> {
  const piece = arrival.pieces[index]
  assert.ok(piece !== undefined)
  await arrival.write(piece, blob.subarray(piece.start + piece.done, Math.min(piece.end, piece.start + upTo)))
}

test('what came in any order is read in order while it comes, and becomes a blob', async () => {
  const store = new BlobStore(`${home}/order`)
  await using arrival = await store.arrive(digest, blob.length)
  const read = buffer(arrival.bytes())
  await write(arrival, 2, Infinity)
  await write(arrival, 0, 1000)
  await write(arrival, 1, Infinity)
  assert.equal(store.has(digest), false)
  await write(arrival, 0, Infinity)
  assert.ok((await read).equals(blob))
  await arrival.commit()
  assert.ok((await store.read(digest)).equals(blob))
  assert.deepEqual(readdirSync(`${home}/order/parts`), [])
})

test('what arrived is still there when it is opened again, and only the rest is missing', async () => {
  const store = new BlobStore(`${home}/again`)
  {
    await using arrival = await store.arrive(digest, blob.length)
    assert.equal(arrival.resumed, false)
    await write(arrival, 0, Infinity)
    await write(arrival, 1, 12_345)
  }
  await using arrival = await store.arrive(digest, blob.length)
  assert.equal(arrival.resumed, true)
  assert.equal(arrival.received, (8 << 20) + 12_345)
  assert.deepEqual([arrival.claim()?.index, arrival.claim()?.index, arrival.claim()?.index], [1, 2, undefined])
  await write(arrival, 1, Infinity)
  await write(arrival, 2, Infinity)
  assert.ok((await buffer(arrival.bytes())).equals(blob))
})

test('a crash between a blob and its map leaves nothing that misleads', async () => {
  const store = new BlobStore(`${home}/orphan`)
  {
    await using arrival = await store.arrive(digest, blob.length)
    for (const index of [0, 1, 2]) await write(arrival, index, Infinity)
  }
  const bytes = readdirSync(`${home}/orphan/parts`).find((name) => name.endsWith('.bytes'))
  rmSync(`${home}/orphan/parts/${bytes}`)
  {
    await using arrival = await store.arrive(digest, blob.length)
    assert.equal(arrival.received, 0)
    await write(arrival, 0, 1000)
  }
  rmSync(`${home}/orphan/parts/${bytes}`)
  await store.clean(Date.now())
  assert.deepEqual(readdirSync(`${home}/orphan/parts`), [])
})

test('other bytes are refused at the end and never become a blob', async () => {
  const store = new BlobStore(`${home}/wrong`)
  await using arrival = await store.arrive(digestOf('right'), 5)
  const piece = arrival.claim()
  assert.ok(piece !== undefined)
  await arrival.write(piece, Buffer.from('wrong'))
  await assert.rejects(buffer(arrival.bytes()), { kind: 'invalid', message: /layer verification failed for digest/ })
  await assert.rejects(arrival.commit())
  await arrival.discard()
  assert.deepEqual(readdirSync(`${home}/wrong/parts`), [])
  assert.equal(existsSync(store.path(digestOf('right'))), false)
})

test('more bytes than there is room for are refused', async () => {
  const store = new BlobStore(`${home}/more`)
  await using arrival = await store.arrive(digestOf('right'), 5)
  const piece = arrival.claim()
  assert.ok(piece !== undefined)
  await assert.rejects(arrival.write(piece, Buffer.from('longer')), { kind: 'invalid' })
  assert.throws(() => arrival.covering(0, 6), { kind: 'invalid' })
})

test('a blob that was not read to its end is verified before it is kept', async () => {
  const store = new BlobStore(`${home}/rest`)
  for (const [content, kept] of [
    ['right', true],
    ['rigor', false],
  ] as const) {
    await using arrival = await store.arrive(digestOf('right'), 5)
    const piece = arrival.claim()
    assert.ok(piece !== undefined)
    await arrival.write(piece, Buffer.from(content))
    for await (const bytes of arrival.bytes()) {
      assert.equal(bytes.length, 5)
      break
    }
    if (kept) await arrival.commit()
    else await assert.rejects(arrival.commit(), { kind: 'invalid' })
    assert.equal(store.has(digestOf('right')), kept)
    await store.remove(digestOf('right'))
    await arrival.discard()
  }
})

test('a size that nothing can have is refused', async () => {
  const store = new BlobStore(`${home}/huge`)
  await assert.rejects(store.arrive(digest, Number.MAX_SAFE_INTEGER), { kind: 'too large' })
})

test('a failure ends the reader', async () => {
  const store = new BlobStore(`${home}/fail`)
  await using arrival = await store.arrive(digest, blob.length)
  const read = buffer(arrival.bytes())
  arrival.fail(new Error('cut'))
  await assert.rejects(read, { message: 'cut' })
})

test('an empty blob needs no bytes', async () => {
  const store = new BlobStore(`${home}/empty`)
  await using arrival = await store.arrive(digestOf(''), 0)
  assert.equal(arrival.claim(), undefined)
  assert.equal((await buffer(arrival.bytes())).length, 0)
  await arrival.commit()
  assert.ok(store.has(digestOf('')))
})

test('what a crash cut off goes at the next start; parts wait a week', async () => {
  const store = new BlobStore(`${home}/clean`)
  {
    await using arrival = await store.arrive(digest, blob.length)
    await write(arrival, 0, 1000)
  }
  writeFileSync(`${home}/clean/arriving/cut`, 'half')
  await store.clean(Date.now() + 6 * 24 * 3_600_000)
  assert.deepEqual([readdirSync(`${home}/clean/arriving`).length, readdirSync(`${home}/clean/parts`).length], [0, 2])
  await store.clean(Date.now() + 8 * 24 * 3_600_000)
  assert.deepEqual(readdirSync(`${home}/clean/parts`), [])
})
