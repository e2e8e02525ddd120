import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '#base/digest.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { Repositories, type ManifestRecord, type Repository } from './repositories.ts'

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
    (repositories: Repositories) => Promise.all([add(repositories), repositories.removeManifests('app', [digest])]),
    (repositories: Repositories) => Promise.all([repositories.removeManifests('app', [digest]), add(repositories)]),
  ]
  for (const way of ways) {
    const [now, later] = await bothOf(way)
    assert.deepEqual(now, later)
  }
})

test('a tag that is pushed while the manifest goes that it stood for is the new one’s, now and after a restart', async () => {
  const next = digestOf('another manifest')
  const push = (repositories: Repositories): Promise<void> => repositories.addManifest('app', next, { ...record, content: next }, ['1'])
  const remove = (repositories: Repositories): Promise<void> => repositories.removeManifests('app', [digest])
  for (const way of [[push, remove] as const, [remove, push] as const]) {
    const both = await bothOf(async (repositories) => {
      await repositories.addManifest('app', digest, record, ['1'])
      await Promise.all(way.map((change) => change(repositories)))
    })
    for (const one of both) assert.deepEqual([...(one as Repository).tags], [['1', next]])
  }
})

test('a tag that went with its manifest does not come back with it', async () => {
  const both = await bothOf(async (repositories) => {
    await Promise.all([repositories.addManifest('app', digest, record, ['1']), repositories.removeManifests('app', [digest])])
    await repositories.addManifest('app', digest, record, [])
  })
  for (const one of both) assert.deepEqual([...(one as Repository).tags], [])
})
