import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { digestOf, type Digest } from '#base/digest.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog } from '#base/log.ts'
import { mediaTypes } from '#content/manifests/media-types.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { clean } from './clean.ts'
import { putManifest } from './put-manifest.ts'
import { Registry, type SharedContent } from './registry.ts'
import { Repositories } from './repositories.ts'

/** What happens, once, when a manifest is about to be stored, or its record to be written. */
interface During {
  put?: (() => Promise<unknown>) | undefined
  write?: (() => Promise<unknown>) | undefined
}

/** A registry over content in memory. */
async function setUp() {
  const during: During = {}
  const happen = async (what: keyof During): Promise<void> => {
    const task = during[what]
    during[what] = undefined
    await task?.()
  }
  const directory = mkdtempSync(`${tmpdir()}/galley-clean-`)
  const blobs = new Map<Digest, Buffer>()
  const content = {
    whileAdding: (task) => task(),
    has: (digest) => blobs.has(digest),
    async put(bytes) {
      await happen('put')
      blobs.set(digestOf(bytes), bytes)
      return { digest: digestOf(bytes), size: bytes.length }
    },
    collect: async () => undefined,
  } as Pick<SharedContent, 'whileAdding' | 'has' | 'put' | 'collect'> as SharedContent
  const store = openMemoryStore()
  const write = store.txn.bind(store)
  store.txn = (change) => {
    void happen('write')
    return write(change)
  }
  const clock = new FakeClock()
  const log = jsonLog(
    () => undefined,
    () => clock.now(),
  )
  const registry = new Registry({ repositories: new Repositories(store), content, directory, clock, log })
  const index = (manifests: readonly Digest[], note: string, tags: readonly string[]) =>
    putManifest(registry, {
      repository: 'app',
      bytes: Buffer.from(
        JSON.stringify({ schemaVersion: 2, annotations: { note }, manifests: manifests.map((digest) => ({ digest, size: 1 })) }),
      ),
      mediaType: mediaTypes.ociIndex,
      digest: undefined,
      tags,
    })
  return {
    registry,
    during,
    index,
    tags: () => [...(registry.repositories.get('app')?.tags.keys() ?? [])],
    sweep: () => clean(registry, { patience: 0, untagged: true }),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

test('a manifest that is given a tag while others without one are let go stays', async () => {
  await using world = await setUp()
  for (const note of ['a', 'b', 'c']) await world.index([], note, [])
  const cleaning = world.sweep()
  await world.index([], 'c', ['kept'])
  await cleaning
  assert.deepEqual(world.tags(), ['kept'])
})

test('what an index names that is just being stored is not let go', async () => {
  await using world = await setUp()
  const { digest } = await world.index([], 'child', [])
  world.during.put = world.sweep
  await world.index([digest as Digest], 'parent', ['multi'])
  assert.ok(world.registry.repositories.get('app')?.manifests.has(digest))
})

test('a manifest without a tag that is just being given one is not let go', async () => {
  await using world = await setUp()
  await world.index([], 'again', [])
  const swept = new Promise<void>((resolve, reject) => {
    world.during.write = () => world.sweep().then(() => resolve(), reject)
  })
  await world.index([], 'again', ['kept'])
  await swept
  assert.deepEqual(world.tags(), ['kept'])
})
