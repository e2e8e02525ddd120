import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog } from '#base/log.ts'
import { Repositories } from '#registry/repositories.ts'
import { Registry } from '#registry/registry.ts'
import { parseListen, type RegistrySettings } from '#registry/settings.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { KeptListeners } from './kept-listeners.ts'
import { RegistryDoor, type RegistryDoorParts } from './registry-door.ts'

/** Settings with a port that nobody has at the moment. */
async function settingsFor(names: readonly string[]): Promise<RegistrySettings> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await once(probe.close(), 'close')
  return { ...parseListen(`127.0.0.1:${port}`), names, anonymous: 'push', readOnly: false, mirrors: [] }
}

test('settings of the registry that can not be written down are not in force, and the ones before are again', async () => {
  const data = mkdtempSync(`${tmpdir()}/galley-door-`)
  await using store = openMemoryStore()
  const clock = new FakeClock()
  const log = jsonLog(
    () => undefined,
    () => clock.now(),
  )
  const content = {} as Registry['content']
  const registry = new Registry({ repositories: new Repositories(store), content, directory: `${data}/uploads`, clock, log })
  const keeper = { listener: async () => undefined, holdListener: async () => ({ ok: true }) as const }
  const parts = { store, registry, listeners: new KeptListeners(keeper), data, clock, log } as unknown as RegistryDoorParts
  try {
    await using door = new RegistryDoor(parts)
    await door.start(() => undefined)
    const [first, second] = [await settingsFor(['first.test']), await settingsFor(['second.test'])]
    const write = store.txn.bind(store)
    const full = (): Promise<never> => Promise.reject(new Error('the disk is full'))
    store.txn = full
    await assert.rejects(door.open(first), { message: 'the disk is full' })
    assert.equal(door.isOpen, false)
    store.txn = write
    await door.open(first)
    store.txn = full
    await assert.rejects(door.open(second), { message: 'the disk is full' })
    const answer = await fetch(`http://127.0.0.1:${first.port}/v2/`)
    assert.equal(answer.status, 200)
    await answer.arrayBuffer()
    await assert.rejects(fetch(`http://127.0.0.1:${second.port}/v2/`))
    assert.deepEqual(door.settings, first)
  } finally {
    rmSync(data, { recursive: true })
  }
})
