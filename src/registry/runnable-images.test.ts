import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, type Digest } from '#base/digest.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog } from '#base/log.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { hostPlatform } from '#content/manifests/platform.ts'
import { Images } from '#engine/images/images.ts'
import { memoryContent } from '#engine/images/memory-content.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { StoredManifest } from './put-manifest.ts'
import type { Registry } from './registry.ts'
import { Repositories } from './repositories.ts'
import { RunnableImages } from './runnable-images.ts'

const pushed = { host: 'localhost:5000', repository: 'app', tag: '1' }

/** A registry in which images without layers are pushed under one tag; reading what is in `slow` takes until it is resolved. */
async function setUp() {
  const store = openMemoryStore()
  const clock = new FakeClock()
  const images = new Images({ store, ...memoryContent(), clock })
  await images.start()
  const repositories = new Repositories(store)
  const blobs = new Map<Digest, Buffer>()
  const slow = new Map<Digest, Promise<void>>()
  const read = async (digest: Digest): Promise<Buffer> => {
    await slow.get(digest)
    return blobs.get(digest) ?? Buffer.alloc(0)
  }
  const log = jsonLog(
    () => undefined,
    () => clock.now(),
  )
  const registry = { repositories, content: { read }, log } as unknown as Registry
  const keep = (json: object): Digest => {
    const bytes = Buffer.from(JSON.stringify(json))
    blobs.set(digestOf(bytes), bytes)
    return digestOf(bytes)
  }
  const push = async (author: string): Promise<StoredManifest & { readonly digest: Digest; readonly image: Digest }> => {
    const image = keep({ ...hostPlatform(), author, rootfs: { type: 'layers', diff_ids: [] } })
    const config = { mediaType: mediaTypes.ociConfig, digest: image, size: blobs.get(image)?.length }
    const digest = keep({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] })
    const record = { content: digest, size: 1, at: 0, mediaType: mediaTypes.ociManifest, blobs: [image], manifests: [] }
    await repositories.addManifest('app', digest, record, ['1'])
    return { digest, record, image }
  }
  const runnable = new RunnableImages({ registry, images, domains: () => ['localhost:5000'] })
  return {
    images,
    repositories,
    slow,
    push,
    runnable,
    here: () => images.find('localhost:5000/app:1')?.id,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

test('of two pushes of one tag at once, the image that the tag stands for in the end is the one that runs by its name', async () => {
  await using world = await setUp()
  const held = Promise.withResolvers<void>()
  const first = await world.push('first')
  world.slow.set(first.digest, held.promise)
  const makingFirst = world.runnable.make(pushed, first)
  const second = await world.push('second')
  const makingSecond = world.runnable.make(pushed, second)
  for (let turn = 0; turn < 100; turn++) await undefined
  held.resolve()
  await Promise.all([makingFirst, makingSecond])
  assert.equal(world.here(), second.image)
})

test('a tag that is deleted while its image is being made leaves no name behind, and one that is pushed again meanwhile keeps it', async () => {
  await using world = await setUp()
  const held = Promise.withResolvers<void>()
  const first = await world.push('first')
  world.slow.set(first.digest, held.promise)
  const making = world.runnable.make(pushed, first)
  await world.repositories.removeTag('app', '1')
  const forgetting = world.runnable.forget('app', '1', first.digest)
  held.resolve()
  await Promise.all([making, forgetting])
  assert.equal(world.here(), undefined)

  await world.repositories.removeTag('app', '1')
  await world.runnable.make(pushed, await world.push('first'))
  await world.runnable.forget('app', '1', first.digest)
  assert.equal(world.here(), first.image)
})
