import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '#base/digest.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { Repositories, type ManifestRecord } from './repositories.ts'

const digest = digestOf('a manifest')
const record: ManifestRecord = { content: digest, size: 1, at: 0, mediaType: 'x', blobs: [], manifests: [] }

/** What a repository has, in memory and after the next start. */
async function bothOf(change: (repositories: Repositories) => Promise<unknown>): Promise<unknown[]> {
  await using store = openMemoryStore()
  const repositories = new Repositories(store)
  await change(repositories)
  const next = new Repositories(store)
  await next.load()
  return [repositories, next].map((one) => one.get('app') ?? 'none')
}

test('what is pushed and deleted at the same time is the same now and after a restart', async () => {
  const add = (repositories: Repositories): Promise<void> => repositories.addManifest('app', digest, record, ['1'])
  const ways = [
    (repositories: Repositories) => Promise.all([add(repositories), repositories.removeTag('app', '1')]),
    (repositories: Repositories) => Promise.all([add(repositories), repositories.removeManifest('app', digest)]),
    (repositories: Repositories) => Promise.all([repositories.removeManifest('app', digest), add(repositories)]),
  ]
  for (const way of ways) {
    const [now, later] = await bothOf(way)
    assert.deepEqual(now, later)
  }
})
