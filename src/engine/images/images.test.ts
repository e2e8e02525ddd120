import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parseImageReference, withDigest } from '#base/image-reference.ts'
import { digestOf, hexOf } from '#base/digest.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { Clock } from '#base/clock.ts'
import { historyOf } from './history.ts'
import { Images } from './images.ts'
import { commitImage, importImage } from './import.ts'
import { memoryContent } from './memory-content.ts'
import type { ImageUse } from './model.ts'
import { pruneImages } from './prune.ts'
import { matchesReference, selectImages } from './select.ts'
import { imageUsage } from './usage.ts'

async function setUp() {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const clock: Clock = { now: () => (now += 1000), after: () => ({ [Symbol.dispose]: () => undefined }) }
  const [store, content] = [openMemoryStore(), memoryContent()]
  const uses: ImageUse[] = []
  const events: string[] = []
  const make = async (): Promise<Images> => {
    const images = new Images({
      store,
      clock,
      ...content,
      usedBy: () => uses,
      onEvent: (action, _id, { name }) => events.push(`${action} ${name}`),
    })
    await images.start()
    return images
  }
  return { images: await make(), reopen: make, store, content, uses, events, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

async function* bytes(...texts: readonly (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text as string)
}

const reference = parseImageReference

test('an image whose configuration was damaged on disk is left out alone', async () => {
  await using world = await setUp()
  const damaged = await importImage(world.images, bytes('one'), { reference: reference('damaged') })
  await importImage(world.images, bytes('two'), { reference: reference('sound') })
  world.content.blobs.all.set(damaged.id, Buffer.from('{"half'))
  const images = await world.reopen()
  assert.equal(images.find('damaged'), undefined)
  assert.equal(images.resolve('sound').layers.length, 1)
})

test('an imported image is found by name, id and prefix, also after a restart', async () => {
  await using world = await setUp()
  const { id } = await importImage(world.images, bytes('la', 'yer'), {
    reference: reference('box:1'),
    config: { Cmd: ['sh'], Labels: { a: 'b' } },
    message: 'hi',
  })
  for (const images of [world.images, await world.reopen()]) {
    for (const name of ['box:1', 'docker.io/library/box:1', id, hexOf(id), hexOf(id).slice(0, 12), id.slice(0, 14)])
      assert.equal(images.resolve(name).id, id)
    const image = images.resolve('box:1')
    assert.deepEqual(
      [image.references, image.size, image.layers, image.config.config],
      [['box:1'], 5, [digestOf('layer')], { Cmd: ['sh'], Labels: { a: 'b' } }],
    )
    assert.throws(() => images.resolve('box'), { kind: 'not found', message: 'No such image: box:latest' })
    assert.throws(() => images.resolve('Box'), { kind: 'invalid' })
    assert.equal((await historyOf(images, 'box:1'))[0]?.comment, 'hi')
  }
  assert.deepEqual(world.images.runnable('box:1').layers, [`/layers/${digestOf('layer')}`])
})

test('a layer that fails to unpack fails the import and leaves no image', async () => {
  await using world = await setUp()
  await assert.rejects(importImage(world.images, bytes('not an archive'), { reference: reference('x') }), { message: 'not an archive' })
  assert.deepEqual(world.images.list(), [])
})

test('a source that breaks off fails the import', async () => {
  await using world = await setUp()
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half')
    throw new Error('broken pipe')
  }
  await assert.rejects(importImage(world.images, source(), {}), { message: 'broken pipe' })
})

test('a compressed layer is named by its plain bytes and kept as it came', async () => {
  await using world = await setUp()
  const packed = gzipSync('layer')
  const image = await importImage(world.images, bytes(packed), {})
  assert.deepEqual(image.layers, [digestOf('layer')])
  const blob = await world.images.content.blobOf(digestOf('layer'))
  assert.deepEqual([blob.digest, blob.size, blob.mediaType.endsWith('+gzip')], [digestOf(packed), packed.length, true])
})

test('a plain layer is not stored as a blob, and its bytes are given from any place on all the same', async () => {
  await using world = await setUp()
  const { content } = world.images
  await importImage(world.images, bytes('la', 'yer'), {})
  const blob = await content.blobOf(digestOf('layer'))
  assert.deepEqual([blob.digest, blob.size, world.content.blobs.all.has(blob.digest)], [digestOf('layer'), 5, false])
  assert.equal(await text(content.bytes(blob)), 'layer')
  assert.equal(await text(content.bytes(blob, 3)), 'er')
})

test('the blob of a plain layer that an earlier version stored is sent as it is', async () => {
  await using world = await setUp()
  const { content } = world.images
  await importImage(world.images, bytes('layer'), {})
  await content.blobs.put(bytes('layer'))
  world.content.layers.all.clear()
  assert.equal(await text(content.bytes({ digest: digestOf('layer') }, 2)), 'yer')
})

test('removing names keeps the image until the last one', async () => {
  await using world = await setUp()
  const { images, content } = world
  const { id } = await importImage(images, bytes('layer'), { reference: reference('a') })
  await images.tag('a', reference('b:2'))
  assert.deepEqual(images.resolve(id).references, ['a:latest', 'b:2'])
  await assert.rejects(images.remove(hexOf(id)), {
    kind: 'conflict',
    message: /\(must be forced\) - image is referenced in multiple repositories/,
  })
  assert.deepEqual(await images.remove('a'), [{ Untagged: 'a:latest' }])
  assert.deepEqual(await images.remove('b:2'), [{ Untagged: 'b:2' }, { Deleted: id }])
  assert.deepEqual([content.blobs.all.size, content.layers.all.size], [0, 0])
  assert.deepEqual(world.events.slice(2), ['tag b:2', 'untag a:latest', 'untag b:2', `delete ${id}`])
  assert.deepEqual((await world.reopen()).list(), [])
})

test('an image in use keeps its names unless forced, and always stays', async () => {
  await using world = await setUp()
  const { images, uses } = world
  const { id } = await importImage(images, bytes('layer'), { reference: reference('a') })
  uses.push({ id: 'c'.repeat(64), running: true })
  await assert.rejects(images.remove('a'), {
    kind: 'conflict',
    message: /^conflict: unable to remove repository reference "a" \(must force\) - container cccccccccccc is using/,
  })
  await assert.rejects(images.remove(id, { force: true }), {
    message: /\(cannot be forced\) - image is being used by running container cccccccccccc$/,
  })
  uses[0] = { id: 'c'.repeat(64), running: false }
  await assert.rejects(images.remove(id), { message: /\(must be forced\) - image is being used by stopped container/ })
  assert.deepEqual(await images.remove(id, { force: true }), [{ Untagged: 'a:latest' }])
  assert.deepEqual(images.resolve(id).references, [])
  assert.equal(world.content.layers.all.size, 1, 'the container still stands on the layer')
})

test('a moved tag leaves its old image dangling, and prune takes it', async () => {
  await using world = await setUp()
  const { images } = world
  const old = await importImage(images, bytes('one'), { reference: reference('a') })
  const { id } = await importImage(images, bytes('three'), { reference: reference('a') })
  const dangling = selectImages(images, new Map([['dangling', ['true']]]))
  assert.deepEqual([dangling.map((image) => image.id), images.resolve('a').id], [[old.id], id])
  assert.deepEqual(await pruneImages(images, new Map()), { removed: [{ Deleted: old.id }], reclaimed: 3 })
  assert.deepEqual((await pruneImages(images, new Map([['dangling', ['false']]]))).removed, [{ Untagged: 'a:latest' }, { Deleted: id }])
})

test('prune of all takes the spare names of an image in use, and leaves it the one that its container was made by', async () => {
  await using world = await setUp()
  const { images, uses } = world
  uses.push({ id: 'c'.repeat(64), running: true, name: 'docker.io/library/b' })
  const { id } = await importImage(images, bytes('one'), { reference: reference('a') })
  for (const name of ['b', 'b:2', 'host:5000/b']) await images.refer(reference(name), id)
  assert.deepEqual((await pruneImages(images, new Map())).removed, [])
  const { removed } = await pruneImages(images, new Map([['dangling', ['false']]]))
  assert.deepEqual(removed.toSorted(byText), [{ Untagged: 'a:latest' }, { Untagged: 'b:2' }, { Untagged: 'host:5000/b:latest' }])
  assert.deepEqual(images.resolve(id).references, ['b:latest'])
  uses[0] = { id: 'c'.repeat(64), running: true, name: id }
  assert.deepEqual((await pruneImages(images, new Map([['dangling', ['false']]]))).removed, [], 'one name stays in any case')
})

function byText(one: object, other: object): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}

test('what a prune gives back does not depend on what comes meanwhile', async () => {
  await using world = await setUp()
  const { images } = world
  await importImage(images, bytes('one'), { reference: reference('a') })
  await importImage(images, bytes('three'), { reference: reference('a') })
  const forget = images.delete.bind(images)
  images.delete = async (image) => {
    await importImage(images, bytes('one that comes meanwhile'), { reference: reference('b') })
    return forget(image)
  }
  assert.equal((await pruneImages(images, new Map())).reclaimed, 3)
})

test('an image that was pulled is dangling, too, when its tag has moved on to the next one', async () => {
  await using world = await setUp()
  const { images } = world
  const old = await importImage(images, bytes('one'), { reference: reference('a') })
  await images.refer(withDigest(reference('a'), digestOf('its manifest')), old.id)
  await importImage(images, bytes('three'), { reference: reference('a') })
  const withDangling = (wanted: string): string[] => selectImages(images, new Map([['dangling', [wanted]]])).map((image) => image.id)
  assert.deepEqual(withDangling('true'), [old.id])
  // It has a name all the same, and is listed with it.
  assert.ok(withDangling('false').includes(old.id))
  const { removed } = await pruneImages(images, new Map())
  assert.deepEqual(removed.at(-1), { Deleted: old.id })
})

test('an image that gets a name while others are pruned is kept', async () => {
  await using world = await setUp()
  const { images } = world
  const made = [await importImage(images, bytes('one'), {}), await importImage(images, bytes('two'), {})]
  const deleteOne = images.delete.bind(images)
  images.delete = async (image) => {
    const removed = await deleteOne(image)
    const other = made.find(({ id }) => id !== image.id)
    await images.refer(reference('kept'), other?.id ?? image.id)
    return removed
  }
  const { removed } = await pruneImages(images, new Map())
  assert.equal(removed.length, 1)
  assert.deepEqual(
    images.list().map(({ references }) => references),
    [['kept:latest']],
  )
})

test('a commit stands on its parent, and a shared layer stays with either', async () => {
  await using world = await setUp()
  const { images } = world
  const parent = await importImage(images, bytes('base'), { reference: reference('a') })
  const child = await commitImage(images, parent, bytes('more'), {
    config: { Cmd: ['x'], Env: ['A=1'] },
    reference: reference('b'),
    comment: 'c',
  })
  assert.deepEqual([child.layers, child.config.config], [[digestOf('base'), digestOf('more')], { Cmd: ['x'], Env: ['A=1'] }])
  assert.deepEqual(
    (await historyOf(images, 'b')).map(({ size }) => size),
    [4, 4],
  )
  const usage = await imageUsage(images)
  assert.deepEqual([usage.total, usage.shared.get(child.id)], [8, 4])
  await images.remove('a')
  assert.deepEqual([...world.content.layers.all.keys()], [digestOf('base'), digestOf('more')])
})

test('filters select by label, age and name', async () => {
  await using world = await setUp()
  const { images } = world
  for (const name of ['one', 'two', 'three'])
    await importImage(images, bytes(name), { reference: reference(`me/${name}`), config: { Labels: { n: name } } })
  const names = (name: string, ...values: string[]): string[] =>
    selectImages(images, new Map([[name, values]])).flatMap((image) => image.references)
  assert.deepEqual(names('label', 'n=two'), ['me/two:latest'])
  assert.deepEqual(names('label!', 'n=two'), ['me/three:latest', 'me/one:latest'])
  assert.deepEqual(names('since', 'me/one'), ['me/three:latest', 'me/two:latest'])
  assert.deepEqual(names('before', 'me/two'), ['me/one:latest'])
  assert.deepEqual(names('reference', 'me/t*'), ['me/three:latest', 'me/two:latest'])
  await images.refer(reference('other:1'), images.resolve('me/one').id)
  assert.deepEqual(names('reference', 'other'), ['other:1'], 'an image has only the names that are asked for')
  assert.throws(() => names('color', 'red'), { kind: 'invalid', message: "invalid filter 'color'" })
})

test('reference patterns are path.Match', () => {
  for (const pattern of ['box', 'box:1*', 'b?x', '[a-c]ox', 'box:*', '*']) assert.ok(matchesReference(pattern, 'box:1.2'), pattern)
  for (const pattern of ['bo', '*/*', '[^b]ox', 'box:1', '**/x']) assert.ok(!matchesReference(pattern, 'box:1.2'), pattern)
})

test('a name that is given again to the image that has it writes nothing, and its moment goes down with the next change', async () => {
  await using world = await setUp()
  const { images, store } = world
  const { id } = await importImage(images, bytes('one'), { reference: reference('a') })
  const other = await importImage(images, bytes('two'), { reference: reference('b') })
  const [before, revision] = [images.resolve('a').tagged, (await store.list('/')).revision]
  await images.referAgain(reference('a'), id)
  assert.ok(images.resolve('a').tagged > before)
  assert.equal((await store.list('/')).revision, revision)
  assert.equal((await world.reopen()).resolve('a').tagged, before)
  await images.tag('b', reference('c'))
  assert.equal((await world.reopen()).resolve('a').tagged, images.resolve('a').tagged)
  // Another image's name moves as ever.
  await images.referAgain(reference('a'), other.id)
  assert.equal((await world.reopen()).resolve('a').id, other.id)
  await images.referAgain(reference('b'), other.id)
  await images.remove('b', { force: true })
  assert.equal((await world.reopen()).find('b'), undefined)
})

test('the moment of a name that was given again goes down with the next change even when one before that failed', async () => {
  await using world = await setUp()
  const { images, store } = world
  const { id } = await importImage(images, bytes('one'), { reference: reference('a') })
  await images.referAgain(reference('a'), id)
  const txn = store.txn
  store.txn = () => Promise.reject(new Error('the disk is full'))
  await assert.rejects(images.tag('a', reference('b')), /full/)
  store.txn = txn
  await importImage(images, bytes('two'), { reference: reference('c') })
  assert.equal((await world.reopen()).resolve('a').tagged, images.resolve('a').tagged)
})

test('an image that somebody makes something of is neither pruned nor removed, and goes when that is done', async () => {
  await using world = await setUp()
  const { images } = world
  const { id } = await importImage(images, bytes('layer'), { reference: reference('a') })
  {
    using _held = images.hold(id)
    assert.deepEqual(await images.remove('a'), [{ Untagged: 'a:latest' }])
    assert.deepEqual((await pruneImages(images, new Map())).removed, [])
    await assert.rejects(images.remove(id, { force: true }), { kind: 'conflict', message: /\(cannot be forced\) - image is being built/ })
    await images.deleteUnused(id)
    await images.refer(reference('b'), id)
  }
  assert.deepEqual(images.resolve('b').references, ['b:latest'])
  assert.deepEqual(await images.remove('b'), [{ Untagged: 'b:latest' }, { Deleted: id }])
})

test('of an image that is given a name while its last one goes either the name stays, or nobody is told that it was given', async () => {
  await using world = await setUp()
  const { images } = world
  const orders = [
    (name: () => Promise<void>, remove: () => Promise<unknown>) => [name(), remove()] as const,
    (name: () => Promise<void>, remove: () => Promise<unknown>) => [remove(), name()].toReversed() as [Promise<void>, Promise<unknown>],
  ]
  for (let wait = 0; wait < 20; wait++)
    for (const order of orders) {
      const { id } = await importImage(images, bytes(`layer ${wait}`), { reference: reference('a') })
      const later = async (): Promise<void> => {
        for (let turn = 0; turn < wait; turn++) await undefined
        await images.refer(reference('b'), id)
      }
      const [named] = await Promise.allSettled(order(later, () => images.remove('a')))
      assert.equal(images.find('b')?.id, named?.status === 'fulfilled' ? id : undefined, `after ${wait} turns`)
      if (images.find('b') !== undefined) await images.remove('b')
    }
})

test('an image that is made again while it is being deleted is here afterwards', async () => {
  await using world = await setUp()
  const { images } = world
  const { id } = await importImage(images, bytes('layer'), { reference: reference('a') })
  const configuration = await images.content.blobs.read(id)
  await images.forget(reference('a'))
  const deleted = images.delete(images.resolve(id))
  await images.content.whileAdding(async () => {
    await images.add(configuration)
    await images.refer(reference('b'), id)
  })
  await deleted
  assert.equal(images.resolve('b').id, id)
  assert.equal((await world.reopen()).resolve('b').id, id)
})

test('how much images take is told also while one of them is removed', async () => {
  await using world = await setUp()
  const { images, content } = world
  for (const layer of ['one', 'three']) await importImage(images, bytes(layer), {})
  const size = content.layers.size.bind(content.layers)
  content.layers.size = (layer) => {
    queueMicrotask(() => content.layers.all.clear())
    return size(layer)
  }
  assert.equal((await imageUsage(images)).total, 8)
})
