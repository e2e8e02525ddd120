import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { unmount } from '#host/kernel/mount.ts'
import { mountsBelow } from '#host/kernel/mounts-below.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { Store, Transaction } from '#store/store.ts'
import { Volumes } from './volumes.ts'

interface Place extends Disposable {
  readonly store: Store
  readonly directory: string
  readonly events: readonly string[]
  /** What the records and directories give, as after a start of the daemon. */
  open(store?: Store): Promise<Volumes>
}

function setUp(): Place {
  const [store, directory, events] = [openMemoryStore(), mkdtempSync(`${tmpdir()}/galley-volumes-`), [] as string[]]
  return {
    store,
    directory,
    events,
    async open(used = store) {
      const onEvent = (action: string, name: string): void => void events.push(`${action} ${name}`)
      const volumes = new Volumes({ store: used, directory, clock: systemClock, usedBy: () => [], onEvent })
      await volumes.start()
      return volumes
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

/** The same store, but for its transactions. */
function withTransactions(store: Store, txn: Store['txn']): Store {
  return {
    get: (key, at) => store.get(key, at),
    list: (prefix, at) => store.list(prefix, at),
    txn,
    watch: (prefix, after, signal) => store.watch(prefix, after, signal),
    compact: (revision) => store.compact(revision),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

test('a volume that was removed when the machine stopped has nothing for the next one of its name', async () => {
  using place = setUp()
  // The power goes when the record is on its way to the disk, or just has come there: nothing after it happens.
  for (const arrives of [true, false]) {
    const before = await place.open()
    await before.create({ name: 'data' })
    writeFileSync(`${before.mountpoint('data')}/secret`, 'old')
    const crashed = Promise.withResolvers<void>()
    const cut = withTransactions(place.store, async (change: Transaction) => {
      if (arrives) await place.store.txn(change)
      crashed.resolve()
      return await new Promise<never>(() => undefined)
    })
    void (await place.open(cut)).remove('data')
    await crashed.promise
    const after = await place.open()
    assert.equal(after.list().length, arrives ? 0 : 1)
    await after.create({ name: 'data' })
    assert.deepEqual(readdirSync(after.mountpoint('data')), [])
    await after.remove('data')
  }
})

test('what a crash left of a volume’s data is deleted at the next start', async () => {
  using place = setUp()
  await (await place.open()).create({ name: 'kept' })
  mkdirSync(`${place.directory}/.leaving-0123/_data`, { recursive: true })
  await place.open()
  assert.deepEqual(readdirSync(place.directory), ['kept'])
})

test('a volume whose record can’t be taken away keeps its data', async () => {
  using place = setUp()
  await (await place.open()).create({ name: 'data' })
  const volumes = await place.open(withTransactions(place.store, () => Promise.reject(new Error('full'))))
  writeFileSync(`${volumes.mountpoint('data')}/file`, 'x')
  await assert.rejects(volumes.remove('data'), /full/)
  assert.ok(existsSync(`${volumes.mountpoint('data')}/file`))
})

test('of several that make a volume at once, one makes it and all get that one', async () => {
  using place = setUp()
  const volumes = await place.open()
  const made = await Promise.all([1, 2, 3].map((count) => volumes.create({ name: 'data', labels: { count: String(count) } })))
  assert.deepEqual(
    made.map(({ labels }) => labels['count']),
    ['1', '1', '1'],
  )
  assert.deepEqual(place.events, ['create data'])
})

test('a volume that two containers start with at once is mounted once, and stays while one of them has it or is about to', async () => {
  using place = setUp()
  const volumes = await place.open()
  await volumes.create({ name: 'small', options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' } })
  const mounts = (): number => mountsBelow(volumes.mountpoint('small')).length
  using left = new DisposableStack()
  left.defer(() => mountsBelow(volumes.mountpoint('small')).forEach(unmount))
  await Promise.all([volumes.mount('small', 'a'), volumes.mount('small', 'b')])
  assert.equal(mounts(), 1)
  volumes.unmount('small', 'a')
  assert.equal(mounts(), 1)
  const starting = volumes.mount('small', 'c')
  volumes.unmount('small', 'b')
  await starting
  assert.equal(mounts(), 1)
  volumes.unmount('small', 'c')
  assert.equal(mounts(), 0)
})
