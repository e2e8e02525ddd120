import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { memoryContent } from '#engine/images/memory-content.ts'
import { Images } from '#engine/images/images.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import type { BuildRecipe } from './build-part.ts'
import type { Around, LayerRecipe, Made } from './make-layer.ts'
import { StandInMaker } from './stand-ins.ts'

const day = 24 * 3600 * 1000

/** A root file system in which dpkg knows MySQL and MariaDB. */
function installedPackages(root: string): string {
  mkdirSync(`${root}/var/lib/dpkg`, { recursive: true })
  const status = ['mysql', 'mariadb'].map((name) => `Package: ${name}-server-core\nStatus: install ok installed\nVersion: 1:9.7.4+1-2\n`)
  writeFileSync(`${root}/var/lib/dpkg/status`, status.join('\n'))
  return root
}

/** A maker whose layers are a few bytes; `fails` says what can't be had: a suite, or the folder of a Dockerfile. */
async function setUp(fails: (what: string) => boolean = () => false, isDamaged: (layer: Digest) => boolean = () => false) {
  const cache = mkdtempSync(`${tmpdir()}/galley-stand-ins-`)
  const installed = installedPackages(`${cache}/installed`)
  const store = openMemoryStore()
  const world = { now: Date.parse('2026-11-01'), made: [] as string[], notes: [] as string[] }
  const clock = { now: () => world.now, after: () => ({ [Symbol.dispose]: () => undefined }) }
  const { blobs, layers } = memoryContent()
  const pack = async function* (layer: Digest): AsyncGenerator<Uint8Array> {
    if (isDamaged(layer)) throw new GalleyError('internal', 'other files', { code: 'layer.damaged', subject: layer })
    yield* layers.pack(layer)
  }
  const images = new Images({ store, clock, blobs, layers: { ...layers, pack, path: () => installed } })
  await images.start()
  const begin = async (what: string): Promise<void> => {
    world.made.push(what)
    await Promise.resolve()
    if (fails(what)) throw new GalleyError('unavailable', 'no such archive')
  }
  const makeLayer = async (recipe: LayerRecipe, { work, progress }: Around): Promise<Made> => {
    progress('Downloading packages')
    await begin(recipe.suite ?? recipe.kind)
    const file = `${work}/layer.tar.gz`
    writeFileSync(file, gzipSync(JSON.stringify([recipe, world.now])))
    return { file, versions: { 'busybox-static': '1:1.37.0-6' } }
  }
  const build: BuildRecipe = async ({ dockerfile, args, onOutput }) => {
    onOutput('pmstatus:x:50:Unpacking\n')
    await begin(dockerfile)
    const { config } = images.resolve(args.get('BASE') ?? '')
    const { diffId } = await images.content.addStream(Readable.from([Buffer.from(`${dockerfile} ${world.now}`)]))
    const built = {
      ...config,
      config: { ...config.config, Cmd: ['serve'] },
      rootfs: { type: 'layers', diff_ids: [...config.rootfs.diff_ids, diffId] },
    }
    return (await images.add(Buffer.from(JSON.stringify(built)))).id
  }
  const maker = new StandInMaker({ images, cache, clock, proxies: {}, makeLayer, build })
  const make = (name: string): Promise<boolean> => maker.make(parseImageReference(name), ({ text }) => world.notes.push(text))
  const dispose = async (): Promise<void> => {
    await images.content.collect()
    rmSync(cache, { recursive: true })
    await store[Symbol.asyncDispose]()
  }
  return { ...world, world, images, cache, make, [Symbol.asyncDispose]: dispose }
}

test('layers that several images share are made once, even when asked for at once', async () => {
  await using shop = await setUp()
  await Promise.all([shop.make('mysql:8.4'), shop.make('mysql:8'), shop.make('debian:sid')])
  assert.deepEqual(shop.made, ['sid', 'mysql/Dockerfile'])
  assert.equal(shop.notes.filter((text) => text === 'Downloading packages').length, 3, 'all who wait are told')
  assert.equal(shop.notes.filter((text) => text === 'Installing packages').length, 2 * 2, 'of the phase and of its count')
  assert.notEqual(shop.images.resolve('mysql:8.4').id, shop.images.resolve('mysql:8').id, 'each says whose name it has')
})

test('the image carries the contract, the name it stands for and the difference', async () => {
  await using shop = await setUp()
  assert.equal(await shop.make('mysql:8.4'), true)
  const config = shop.images.resolve('mysql:8.4').config.config
  assert.deepEqual(config?.Cmd, ['serve'])
  assert.ok(config?.Env?.includes('MYSQL_MAJOR=9.7'))
  const differs = 'MySQL 9.7.4 of Debian unstable in the name of 8.4, with smaller caches'
  assert.equal(config?.Labels?.['dev.galley.stand-in'], 'mysql:8.4')
  assert.equal(config.Labels['dev.galley.stand-in.differs'], differs)
  assert.equal(shop.notes.at(-1), `Stand-in for mysql:8.4: ${differs}`)
})

test("MariaDB stands behind MySQL's name where Debian unstable can't be had, and that is said", async () => {
  await using shop = await setUp((what) => what === 'sid')
  assert.equal(await shop.make('mysql:8.4'), true)
  const config = shop.images.resolve('mysql:8.4').config.config
  assert.match(config?.Labels?.['dev.galley.stand-in.differs'] ?? '', /^MariaDB .*, not MySQL/)
  assert.deepEqual(config?.Cmd, ['mysqld'])
  assert.ok(shop.notes.some((text) => /no such archive; making another instead/.test(text)))
})

test('a part with a damaged layer is made again, once', async () => {
  let damaged = 1
  await using shop = await setUp(undefined, () => damaged-- > 0)
  assert.equal(await shop.make('mysql:8.4'), true)
  assert.deepEqual(shop.made, ['sid', 'mysql/Dockerfile', 'mysql/Dockerfile'])
  assert.ok(shop.notes.includes('other files; making it again'))
  damaged = Infinity
  await assert.rejects(shop.make('redis:8'), { code: 'layer.damaged' })
})

test('a failure leaves no image and no file, and the next attempt begins anew', async () => {
  let broken = true
  await using shop = await setUp(() => broken)
  await assert.rejects(shop.make('busybox'), { kind: 'unavailable' })
  assert.deepEqual(shop.images.list(), [])
  assert.deepEqual(readdirSync(shop.cache), ['installed'])
  broken = false
  assert.equal(await shop.make('busybox'), true)
})

test('layers serve for a week, then security updates are worth a new one', async () => {
  await using shop = await setUp()
  await shop.make('debian:12')
  shop.world.now += 6 * day
  await shop.make('debian:bookworm')
  assert.equal(shop.made.length, 1)
  shop.world.now += 2 * day
  await shop.make('debian:bookworm-slim')
  assert.equal(shop.made.length, 2)
})

test("where a newer one can't be made, the old one serves, and that is said", async () => {
  let broken = false
  await using shop = await setUp(() => broken)
  await shop.make('redis:7')
  const before = shop.images.resolve('redis:7').layers
  await shop.images.remove('redis:7')
  broken = true
  shop.world.now += 20 * day
  assert.equal(await shop.make('redis:7'), true)
  assert.deepEqual(shop.images.resolve('redis:7').layers, before)
  assert.ok(shop.notes.some((text) => /can't be made anew \(no such archive\): the one from 20 days ago is used/.test(text)))
})

test('where nothing can be made, another tag of the same lends what it is made of, and no other repository does', async () => {
  let broken = false
  await using shop = await setUp(() => broken)
  await shop.make('mysql:8.4')
  const { layers, config } = shop.images.resolve('mysql:8.4')
  for (const name of readdirSync(shop.cache)) if (name.endsWith('.json')) rmSync(`${shop.cache}/${name}`)
  broken = true
  assert.equal(await shop.make('mysql:9'), true)
  const other = shop.images.resolve('mysql:9')
  assert.deepEqual(other.layers, layers)
  assert.deepEqual(other.config.config?.Env, config.config?.Env)
  assert.equal(shop.notes.at(-1), 'Stand-in for mysql:9: MySQL 9.7.4 of Debian unstable in the name of 9, with smaller caches')
  await shop.images.refer(
    parseImageReference('evil/redis:7'),
    (await shop.images.add(Buffer.from(JSON.stringify({ ...config, author: 'x' })))).id,
  )
  await shop.images.remove('mysql:8.4')
  await shop.images.remove('mysql:9')
  await assert.rejects(shop.make('mysql:8'), { kind: 'unavailable' })
})

test('a new base makes what is on top of it anew, even if that is young', async () => {
  await using shop = await setUp()
  await shop.make('debian:12')
  shop.world.now += 5 * day
  await shop.make('redis:7')
  shop.world.now += 3 * day
  await shop.make('redis:6')
  assert.deepEqual(shop.made, ['bookworm', 'redis/Dockerfile', 'bookworm', 'redis/Dockerfile'])
})

test('no stand-in for a digest, an unknown name or the name of a real image', async () => {
  await using shop = await setUp()
  assert.equal(await shop.make('grafana/grafana:11'), false)
  assert.equal(await shop.make(`debian@sha256:${'0'.repeat(64)}`), false)
  const bare = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }
  const real = await shop.images.add(Buffer.from(JSON.stringify(bare)))
  await shop.images.refer(parseImageReference('debian:12'), real.id)
  assert.equal(await shop.make('debian:12'), false)
  assert.deepEqual(shop.made, [])
})
