import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, type Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { jsonLog } from '#base/log.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { Registry } from '../registry.ts'
import { Repositories } from '../repositories.ts'
import { Mirrors, type MirrorsParts } from './mirrors.ts'
import type { Upstream } from './upstream.ts'

test('a blob that is coming is not fetched a second time where the registry is served anew meanwhile', async () => {
  await using store = openMemoryStore()
  const repositories = new Repositories(store)
  const digest = digestOf('layer')
  const manifest = Buffer.from(JSON.stringify({ config: { digest, size: 5 }, layers: [] }))
  const record = { content: digestOf(manifest), size: 1, at: 0, mediaType: 'x', blobs: [digest], manifests: [] }
  await repositories.addManifest('hub.test/app', digestOf(manifest), record, [])
  const content = { whileAdding: (task: () => Promise<unknown>) => task(), isStored: () => false, read: async () => manifest }
  const log = jsonLog(
    () => undefined,
    () => 0,
  )
  const registry = { repositories, content, log } as unknown as Registry
  const arriving = Promise.withResolvers<never>()
  const begun: Digest[] = []
  const upstream = {
    repository: () => ({ sources: [] }),
    arrive: (wanted: Digest) => {
      begun.push(wanted)
      return arriving.promise
    },
  } as unknown as Upstream
  const fetching: MirrorsParts['fetching'] = new Map()
  const opened = [1, 2].map(() => new Mirrors({ registry, upstream, domains: ['hub.test'], fetching }))
  const asked = opened.map((mirrors) => mirrors.blob('hub.test/app', digest))
  const outcomes = Promise.allSettled(asked)
  for (let turn = 0; turn < 50; turn++) await undefined
  arriving.reject(new GalleyError('unavailable', 'the other registry is down'))
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual(begun, [digest])
  assert.equal(fetching.size, 0, 'the next one begins anew')
})
