import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { test } from 'node:test'
import { systemClock, type Clock } from '#base/clock.ts'
import { digestOf } from '#base/digest.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { familiarReference, parseImageReference, withDefaultTag } from '#base/image-reference.ts'
import { Registries } from '#content/remote/registries.ts'
import { noSettings, type RegistrySettings } from '#content/remote/settings.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { Images } from './images.ts'
import { importImage } from './import.ts'
import { LayerFetcher } from './layer-fetcher.ts'
import { memoryContent } from './memory-content.ts'
import { pullImage, standInLabel } from './pull.ts'

/** Images in memory, a registry on loopback, and stand-ins that are only noted. */
async function setUp({
  clock = systemClock,
  settings = noSettings,
  made = true,
}: { clock?: Clock; settings?: RegistrySettings; made?: boolean } = {}) {
  const store = openMemoryStore()
  const images = new Images({ store, clock, ...memoryContent() })
  await images.start()
  const registries = new Registries({ settings, certificates: '/nonexistent', clock })
  const layers = new LayerFetcher({ content: images.content, arrive: () => assert.fail('these images have no layers'), clock })
  const asked: string[] = []
  const standIns = {
    async make(reference: Parameters<typeof familiarReference>[0]) {
      asked.push(familiarReference(reference))
      return made
    },
    offers: () => Promise.resolve(made),
  }
  const signal = new AbortController().signal
  const pull = (name: string): Promise<void> =>
    pullImage(
      { images, registries, layers, standIns, directory: '/' },
      {
        reference: withDefaultTag(parseImageReference(name)),
        platform: undefined,
        credentials: undefined,
        report: () => undefined,
        signal,
      },
    )
  return {
    images,
    asked,
    pull,
    async [Symbol.asyncDispose]() {
      registries[Symbol.dispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

async function listening(server: Server): Promise<AsyncDisposable & { readonly host: string }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

const answering = (listener: RequestListener): ReturnType<typeof listening> =>
  listening(http.createServer({ keepAliveTimeout: 1 }, (request, response) => listener(request, response.setHeader('connection', 'close'))))

/** Nothing listens there: port 9 is `discard`, which nobody runs. */
const nobody = '127.0.0.1:9/x'

test('where nobody can be reached, a stand-in is made', async () => {
  await using world = await setUp()
  await world.pull(nobody)
  assert.deepEqual(world.asked, ['127.0.0.1:9/x:latest'])
})

test('without a stand-in, the error says which host and what to do', async () => {
  await using world = await setUp({ made: false })
  await assert.rejects(world.pull(nobody), {
    kind: 'unavailable',
    code: 'registry.unreachable',
    subject: '127.0.0.1:9',
    message: /connect: connection refused/,
    advice: /^127\.0\.0\.1:9 cannot be reached from this machine: check its DNS and proxy settings, or name a mirror/,
  })
})

test('a stand-in is never made for a digest', async () => {
  await using world = await setUp()
  await assert.rejects(world.pull(`${nobody}@${digestOf('x')}`), { code: 'registry.unreachable' })
  assert.deepEqual(world.asked, [])
})

for (const [status, kind] of [
  [401, 'not found'],
  [403, 'not found'],
  [404, 'not found'],
  [400, 'invalid'],
  [503, 'unavailable'],
] as const) {
  test(`a stand-in is never made when the registry answers ${status}`, async () => {
    await using registry = await answering((_request, response) => void response.writeHead(status).end())
    await using world = await setUp()
    await assert.rejects(world.pull(`${registry.host}/x`), { kind })
    assert.deepEqual(world.asked, [])
  })
}

async function* tar(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('layer')
}

test('a real image is not replaced by a stand-in, a stand-in may be', async () => {
  await using world = await setUp()
  await importImage(world.images, tar(), { reference: parseImageReference(nobody) })
  await assert.rejects(world.pull(nobody), { code: 'registry.unreachable' })
  await importImage(world.images, tar(), { reference: parseImageReference(nobody), config: { Labels: { [standInLabel]: 'x' } } })
  await world.pull(nobody)
  assert.equal(world.asked.length, 1)
})

test('the real image takes the place of a stand-in when it can be had', async () => {
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }))
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config: descriptor, layers: [] })
  await using registry = await answering(({ url }, response) => {
    if (url?.includes('/manifests/')) response.setHeader('content-type', type).end(manifest)
    else response.end(config)
  })
  await using world = await setUp()
  const name = `${registry.host}/x`
  await importImage(world.images, tar(), { reference: parseImageReference(name), config: { Labels: { [standInLabel]: 'x' } } })
  await world.pull(name)
  assert.deepEqual(world.asked, [])
  assert.deepEqual(
    world.images.list().map(({ id, references }) => [id, references]),
    [[digestOf(config), [`${name}:latest`, `${name}@${digestOf(manifest)}`]]],
  )
})

test('an outage is decided within three seconds, all mirrors included', async () => {
  const clock = new FakeClock()
  const { promise: reached, resolve: isReached } = Promise.withResolvers<void>()
  const deaf = await Promise.all(
    [1, 2, 3].map(() =>
      listening(
        createServer((socket) => {
          socket.on('error', () => undefined).resume()
          isReached()
        }),
      ),
    ),
  )
  const [registry, ...mirrors] = deaf.map(({ host }) => host)
  const settings = { ...noSettings, insecure: [], mirrors: new Map([[registry ?? '', mirrors.map((host) => `https://${host}`)]]) }
  await using world = await setUp({ clock, settings })
  const pulling = world.pull(`${registry}/x`)
  await reached
  // The sockets are real: they need a moment between the ticks of the clock that isn't.
  for (let passed = 0; passed < 3000; passed += 50) {
    assert.deepEqual(world.asked, [])
    await clock.advance(50)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await pulling
  assert.deepEqual(world.asked, [`${registry}/x:latest`])
  for (const each of deaf) await each[Symbol.asyncDispose]()
})
