import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { digestOf, hexOf, type Digest } from '#base/digest.ts'
import { GalleyError, kindOf } from '#base/error.ts'
import { LayerStore } from './store.ts'
import { memberBytes, paxBytes, tarBytes, type Given } from './tar-fixture.ts'

let home = ''

beforeEach(() => (home = mkdtempSync(`${tmpdir()}/galley-rebuild-`)))
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function* stream(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** The archive as a daemon that was started anew gives it. */
async function again(diffId: Digest): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of new LayerStore(home).pack(diffId)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function staysTheSame(archive: Buffer): Promise<void> {
  const { diffId, archive: size } = await new LayerStore(home).addArchive(stream(archive))
  assert.deepEqual([diffId, size], [digestOf(archive), archive.length])
  assert.ok((await again(diffId)).equals(archive))
}

const names = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e/a', 'link/a', 'link/f', '.wh.a', 'd/.wh.b', 'd/.wh..wh..opq', './b', 'x'.repeat(120)]
const name = fc.constantFrom(...names)
const body = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))
const member = fc.oneof(
  { weight: 6, arbitrary: fc.record({ path: name, body }) },
  fc.record({ path: fc.constantFrom('d', 'd/e', 'a', 'link'), type: fc.constant('directory' as const) }),
  fc.record({
    path: fc.constantFrom('link', 'b', 'd'),
    type: fc.constant('symlink' as const),
    target: fc.constantFrom('d', 'd/e', '/', 'a'),
  }),
  fc.record({ path: fc.constantFrom('h', 'd/a', 'b'), type: fc.constant('link' as const), target: fc.constantFrom('a', 'd/a', 'link/a') }),
  fc.record({ path: fc.constantFrom('p', 'a'), type: fc.constant('fifo' as const) }),
)

test('any archive that can be unpacked is given again to the byte', async () => {
  let unpacked = 0
  const run = async (members: readonly Given[], rest: Buffer): Promise<void> => {
    const archive = Buffer.concat([tarBytes(...members), rest])
    const added = await new LayerStore(home).addArchive(stream(archive)).catch((error: unknown) => error)
    if (added instanceof GalleyError) return
    unpacked++
    assert.ok((await again(digestOf(archive))).equals(archive))
  }
  await fc.assert(fc.asyncProperty(fc.array(member, { maxLength: 12 }), body, run), { numRuns: 300 })
  assert.ok(unpacked > 100, `only ${unpacked} of the archives could be unpacked`)
})

test('content that later members took away, by name, through a link or with its directory, is kept', async () => {
  await staysTheSame(
    tarBytes(
      { path: 'd', type: 'directory' },
      { path: 'link', type: 'symlink', target: 'd' },
      { path: 'd/a', body: 'first' },
      { path: 'link/a', body: 'second' },
      { path: 'd/a', body: 'third' },
      { path: 'd', body: 'no directory any more' },
      { path: 'd', type: 'directory' },
      { path: 'd/a', body: 'fourth' },
      { path: 'h', type: 'link', target: 'd/a' },
      { path: 'd/a', body: 'fifth' },
    ),
  )
})

test('sparse members, bodies of whiteouts and what follows the end are kept', async () => {
  const sparse = paxBytes({ 'GNU.sparse.map': '0,3,4096,2', 'GNU.sparse.size': '8192', 'GNU.sparse.name': 'holes' })
  const whiteout = memberBytes({ path: '.wh.gone', body: 'a whiteout has no content, but an archive may' })
  const archive = tarBytes(sparse, memberBytes({ path: 'GNUSparseFile.0/holes', body: 'abcde' }), whiteout, { path: 'a', body: 'x' })
  await staysTheSame(Buffer.concat([archive, Buffer.from('after the end')]))
})

test('files larger than a chunk, and more headers than a frame holds', async () => {
  const many = Array.from({ length: 2500 }, (_, index): Given => ({ path: `f${index}`, body: `content ${index}` }))
  await staysTheSame(tarBytes({ path: 'large', body: Buffer.alloc(3_000_001, 'pattern') }, ...many))
})

test('a layer that came compressed gives its archive too once it came plain', async () => {
  const archive = tarBytes({ path: 'b', body: 'b' }, { path: 'a', body: 'a' })
  const store = new LayerStore(home)
  await store.add(stream(gzipSync(archive)))
  await staysTheSame(archive)
})

test('another archive than expected leaves nothing', async () => {
  const store = new LayerStore(home)
  const wrong = digestOf('another')
  await assert.rejects(store.addArchive(stream(tarBytes({ path: 'a' })), wrong), (error) => kindOf(error) === 'invalid')
  assert.deepEqual(store.list(), [])
})

const damages: Readonly<Record<string, (layer: string) => void>> = {
  'a changed file': (layer) => writeFileSync(`${layer}/files/a`, 'ANOTHER'),
  'a shorter file': (layer) => truncateSync(`${layer}/files/a`, 2),
  'a missing file': (layer) => rmSync(`${layer}/files/a`),
  'a recipe without bodies': (layer) => rmSync(`${layer}/recipe/bodies`),
  'a recipe cut short': (layer) => truncateSync(`${layer}/recipe/frames`, 20),
  'a recipe with other bytes': (layer) => writeFileSync(`${layer}/recipe/frames`, Buffer.alloc(400, 7)),
  'an empty recipe': (layer) => truncateSync(`${layer}/recipe/frames`, 0),
}

for (const [what, damage] of Object.entries(damages)) {
  test(`${what} is told as damage of the layer`, async () => {
    const { diffId } = await new LayerStore(home).addArchive(stream(tarBytes({ path: 'a', body: 'content' }, { path: 'b' })))
    damage(`${home}/${hexOf(diffId)}`)
    await assert.rejects(again(diffId), (error) => {
      assert.ok(error instanceof GalleyError)
      assert.deepEqual([error.kind, error.code, error.subject], ['internal', 'layer.damaged', diffId])
      return true
    })
  })
}

test('an archive that is cut off leaves nothing', async () => {
  const store = new LayerStore(home)
  const cut = async function* (): AsyncGenerator<Buffer> {
    yield tarBytes({ path: 'a', body: 'content' }).subarray(0, 700)
    throw new Error('cut off')
  }
  await assert.rejects(store.addArchive(cut()), /cut off/)
  assert.deepEqual(store.list(), [])
  assert.deepEqual(readdirSync(home), ['arriving'])
})

test('of files that were changed after they came, which ones and when is told, and whether reading again helps', async () => {
  const store = new LayerStore(home)
  const { diffId } = await store.addArchive(stream(tarBytes({ path: 'a', body: 'content' }, { path: 'd/b', body: 'more' })))
  const size = `${home}/${hexOf(diffId)}/size`
  // As if it had come a minute ago: everything that was written since counts as touched.
  const before = new Date(Date.now() - 60_000)
  utimesSync(size, before, before)
  writeFileSync(`${home}/${hexOf(diffId)}/files/d/b`, 'other bytes')
  await assert.rejects(again(diffId), (error) => {
    assert.ok(error instanceof GalleyError)
    assert.match(error.message, /they give sha256:\w{64}, the same when read again; since .*Z touched: .*d\/b at .*Z/)
    assert.match(error.message, /18 bytes instead of 11/)
    return true
  })
})

test('of files that nobody touched that is told', async () => {
  const { diffId } = await new LayerStore(home).addArchive(stream(tarBytes({ path: 'a', body: 'content' })))
  const later = new Date(Date.now() + 60_000)
  writeFileSync(`${home}/${hexOf(diffId)}/files/a`, 'CONTENT')
  utimesSync(`${home}/${hexOf(diffId)}/size`, later, later)
  await assert.rejects(again(diffId), /no entry was touched; 7 bytes instead of 7/)
})
