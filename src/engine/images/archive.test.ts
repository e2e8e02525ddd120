import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { systemClock } from '#base/clock.ts'
import { digestOf, hexOf } from '#base/digest.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { tarEnd } from '#content/layers/header.ts'
import { writeMember } from './archive.ts'
import { Images } from './images.ts'
import { commitImage, importImage } from './import.ts'
import { loadImages } from './load.ts'
import { memoryContent } from './memory-content.ts'
import { saveImages } from './save.ts'

async function empty(): Promise<Images> {
  const images = new Images({ store: openMemoryStore(), clock: systemClock, ...memoryContent() })
  await images.start()
  return images
}

async function* bytes(...chunks: readonly (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk as string)
}

async function archive(members: Readonly<Record<string, Buffer | string>>): Promise<Buffer> {
  const parts: Buffer[] = []
  for (const [name, content] of Object.entries(members))
    for await (const part of writeMember(name, content.length, [Buffer.from(content as string)])) parts.push(part)
  return Buffer.concat([...parts, tarEnd])
}

const reference = parseImageReference

/** Large enough to be unpacked as it arrives. */
const large = Buffer.concat([gzipSync(randomBytes(1 << 16)), gzipSync(randomBytes(1 << 21))])

async function saved(...names: string[]): Promise<{ tar: Buffer; ids: string[] }> {
  const images = await empty()
  const base = await importImage(images, bytes(large), { reference: reference('base:1') })
  const top = await commitImage(images, base, bytes('top'), { config: { Cmd: ['x'] }, reference: reference('r.example:5000/top') })
  await images.tag('base:1', reference('base:2'))
  return { tar: await buffer(Readable.from(await saveImages(images, names))), ids: [base.id, top.id] }
}

for (const [form, pack] of [
  ['plain', (tar: Buffer) => tar],
  ['gzip', gzipSync],
] as const) {
  test(`what is saved loads the same, ${form}`, async () => {
    const { tar, ids } = await saved('base', 'r.example:5000/top')
    const images = await empty()
    const loaded = await loadImages(images, bytes(pack(tar)))
    assert.deepEqual(loaded.map(({ image }) => image.id).sort(), [...ids].sort())
    assert.deepEqual(images.resolve('base:2').references, ['base:1', 'base:2'])
    assert.deepEqual(images.resolve('r.example:5000/top').layers.at(-1), digestOf('top'))
    assert.equal((await images.content.blobOf(images.resolve('base:1').layers[0] ?? digestOf(''))).digest, digestOf(large))
  })
}

test('an image that is removed while it is saved is saved whole, and is gone after it', async () => {
  const images = await empty()
  const { id } = await importImage(images, bytes('plain'), { reference: reference('plain') })
  const archive = (await saveImages(images, ['plain']))[Symbol.asyncIterator]()
  const first = (await archive.next()).value as Buffer
  const removed = images.remove('plain')
  const rest = await buffer(Readable.from({ [Symbol.asyncIterator]: () => archive }))
  await removed
  const loaded = await loadImages(await empty(), bytes(Buffer.concat([first, rest])))
  assert.deepEqual(
    loaded.map(({ image }) => image.id),
    [id],
  )
  assert.deepEqual(images.content.layers.list(), [])
})

test('an id saves an image without names, a tag only that name', async () => {
  const { tar, ids } = await saved('base:2')
  const images = await empty()
  assert.deepEqual(
    (await loadImages(images, bytes(tar))).map((entry) => entry.references),
    [['base:2']],
  )
  const again = await buffer(Readable.from(await saveImages(images, [ids[0] ?? ''])))
  assert.deepEqual(
    (await loadImages(await empty(), bytes(again))).map((entry) => entry.references),
    [[]],
  )
  await assert.rejects(saveImages(images, ['none']), { kind: 'not found' })
})

test('a pure OCI layout loads', async () => {
  const { config, layer } = parts()
  const manifest = JSON.stringify({ schemaVersion: 2, config: described(config), layers: [described(layer)] })
  const index = {
    schemaVersion: 2,
    manifests: [{ ...described(manifest), annotations: { 'io.containerd.image.name': 'docker.io/library/o:1' } }],
  }
  const blobs = Object.fromEntries([config, layer, manifest].map((text) => [`blobs/sha256/${hexOf(digestOf(text))}`, text]))
  const images = await empty()
  await loadImages(images, bytes(await archive({ ...blobs, 'index.json': JSON.stringify(index), 'oci-layout': '{}' })))
  assert.equal(images.resolve('o:1').id, digestOf(config))
})

test('an old archive with a directory per layer loads', async () => {
  const { config, layer } = parts()
  const entry = { Config: 'c.json', RepoTags: ['old:1'], Layers: ['./abc/layer.tar'] }
  const images = await empty()
  await loadImages(
    images,
    bytes(
      await archive({
        'abc/layer.tar': layer,
        'c.json': config,
        'manifest.json': JSON.stringify([{ ...entry, Layers: ['abc/layer.tar'] }]),
      }),
    ),
  )
  assert.equal(images.resolve('old:1').id, digestOf(config))
})

test('damaged archives are refused and leave no image', async () => {
  const { config, layer } = parts()
  const entry = (change: object): string => JSON.stringify([{ Config: 'c', RepoTags: null, Layers: ['l'], ...change }])
  const { tar } = await saved('base:1')
  const bad: readonly (readonly [string, Buffer, RegExp])[] = [
    ['no manifest', await archive({ x: 'y' }), /neither manifest.json nor index.json/],
    ['missing layer', await archive({ c: config, 'manifest.json': entry({}) }), /l is missing/],
    ['other layer', await archive({ c: config, l: 'other', 'manifest.json': entry({}) }), /unpacks to/],
    ['layer count', await archive({ c: config, l: layer, 'manifest.json': entry({ Layers: [] }) }), /layers length mismatch/],
    ['bad name', await archive({ c: config, l: layer, 'manifest.json': entry({ RepoTags: ['A B'] }) }), /invalid reference format/],
    ['no JSON', await archive({ 'manifest.json': '{' }), /damaged/],
    ['cut short', tar.subarray(0, tar.length / 2), /unexpected|truncated|ends|EOF/i],
    ['no archive', Buffer.alloc(2048, 7), /tar|archive/],
  ]
  for (const [what, content, message] of bad) {
    const images = await empty()
    await assert.rejects(loadImages(images, bytes(content)), { kind: 'invalid', message }, what)
    assert.deepEqual(images.list(), [], what)
  }
})

function parts(): { config: string; layer: string } {
  return {
    layer: 'layer',
    config: JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf('layer')] } }),
  }
}

function described(text: string): object {
  return { mediaType: 'm', digest: digestOf(text), size: text.length }
}
