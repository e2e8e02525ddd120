import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { FaultyRegistry } from './faulty-registry.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { crash, digestOf, jsonOf, OciClient, types } from './oci-client.ts'
import { blobOf, randomLayer, RegistryServer, testImage, upload, uploadBlob } from './registry-server.ts'

const port = await freePorts(4)
const instance = new Instance()
const client = new OciClient(port)
const upstream = new RegistryServer(port + 1)
const password = new RegistryServer(port + 2)
const faulty = new FaultyRegistry(upstream.port)
const image = testImage([randomLayer('a', 3_000_000), randomLayer('b', 1000)])
const mirrored = `${upstream.host}/up/image`

before(async () => {
  await upstream.start()
  await upload(`http://${upstream.host}`, 'up/image', '1', image)
  await faulty.start(port + 3)
  const address = `http://${upstream.host}`
  await upload(address, 'library/hello', '1', image)
  mkdirSync(instance.data, { recursive: true })
  writeFileSync(`${instance.data}/registries.json`, JSON.stringify({ mirrors: { 'up.test': [address], 'docker.io': [address] } }))
  await instance.start()
  const mirrors = ['up.test', 'docker.io', upstream.host, password.host, faulty.host].flatMap((host) => ['--mirror', host])
  const { code, err } = await instance.galley('registry', 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'push', ...mirrors)
  assert.equal(code, 0, err)
})
after(async () => {
  await instance.stop()
  await faulty[Symbol.asyncDispose]()
  for (const server of running) await stop(server)
})

/** Servers that run; each is stopped once. */
const running = new Set([upstream, password])

async function stop(server: RegistryServer): Promise<void> {
  if (running.delete(server)) await server[Symbol.asyncDispose]()
}

test('what another registry has is fetched, whole or in parts, and its tags are listed', async () => {
  const manifest = await client.expect(200, `GET /v2/${mirrored}/manifests/1`)
  assert.ok(manifest.body.equals(image.manifest.bytes))
  assert.equal(manifest.headers['warning'], undefined)
  const [layer] = image.layers
  assert.ok(layer !== undefined)
  const path = `/v2/${mirrored}/blobs/${layer.digest}`
  // Several at once share one download.
  const all = await Promise.all(Array.from({ length: 4 }, () => client.expect(200, `GET ${path}`)))
  for (const { body } of all) assert.ok(body.equals(layer.bytes))
  const part = await client.expect(206, `GET ${path}`, { headers: { range: 'bytes=1000000-1000099' } })
  assert.ok(part.body.equals(layer.bytes.subarray(1_000_000, 1_000_100)))
  assert.equal(
    (await client.expect(200, `HEAD /v2/${mirrored}/blobs/${image.config.digest}`)).headers['content-length'],
    String(image.config.size),
  )
  assert.deepEqual(jsonOf<{ tags: string[] }>(await client.expect(200, `GET /v2/${mirrored}/tags/list`)).tags, ['1'])
})

test('only blobs of fetched manifests are fetched, and nothing is pushed there', async () => {
  const other = blobOf(randomBytes(100))
  await uploadBlob(`http://${upstream.host}`, 'up/image', other)
  assert.deepEqual((await client.expect(404, `GET /v2/${mirrored}/blobs/${other.digest}`)).errors, ['BLOB_UNKNOWN'])
  assert.deepEqual((await client.expect(405, `POST /v2/${mirrored}/blobs/uploads/`)).errors, ['UNSUPPORTED'])
  assert.deepEqual((await client.expect(404, `GET /v2/${mirrored}/manifests/nothing`)).errors, ['MANIFEST_UNKNOWN'])
  assert.deepEqual((await client.expect(404, `GET /v2/${upstream.host}/no/such/manifests/1`)).errors, ['MANIFEST_UNKNOWN'])
})

test('a tag that moved elsewhere is fetched anew', async () => {
  const moved = testImage([randomLayer('c', 500)])
  await upload(`http://${upstream.host}`, 'up/moving', '1', image)
  const path = `/v2/${upstream.host}/up/moving/manifests/1`
  assert.ok((await client.expect(200, `GET ${path}`)).body.equals(image.manifest.bytes))
  await upload(`http://${upstream.host}`, 'up/moving', '1', moved)
  assert.ok((await client.expect(200, `GET ${path}`)).body.equals(moved.manifest.bytes))
})

test('a client may say the registry beside a bare name', async () => {
  const answer = await client.expect(200, `GET /v2/up/image/manifests/1?ns=${upstream.host}`)
  assert.deepEqual([answer.body.equals(image.manifest.bytes), answer.headers['oci-namespace']], [true, upstream.host])
})

test('a bare name is Docker Hub’s, as Docker’s own mirrors are asked, until a repository here has it', async () => {
  assert.ok((await client.expect(200, 'GET /v2/library/hello/manifests/1')).body.equals(image.manifest.bytes))
  const [layer] = image.layers
  assert.ok((await client.expect(200, `GET /v2/library/hello/blobs/${layer?.digest}`)).body.equals(layer?.bytes ?? Buffer.alloc(0)))
  const own = await client.manifest('library/hello', '1')
  assert.equal((await client.expect(200, 'HEAD /v2/library/hello/manifests/1')).headers['docker-content-digest'], own)
  await client.expect(200, 'HEAD /v2/docker.io/library/hello/manifests/1')
})

test('docker pulls by the mirror’s name, of a registry that has a mirror itself', async () => {
  assert.match(await instance.ok('pull', `localhost:${port}/up.test/up/image:1`), /Downloaded newer image/)
})

test('bytes that were changed on the way are not given as whole, and never kept', async () => {
  // The engine has the other layers by now.
  const fresh = testImage([randomLayer('d', 400_000)])
  await upload(`http://${upstream.host}`, 'up/fresh', '1', fresh)
  const [wanted] = fresh.layers
  assert.ok(wanted !== undefined)
  await client.expect(200, `GET /v2/${faulty.host}/up/fresh/manifests/1`)
  const path = `/v2/${faulty.host}/up/fresh/blobs/${wanted.digest}`
  faulty.fault = ({ url }) => (url.includes(wanted.digest) ? { damaged: true } : undefined)
  await assert.rejects(client.ask(`GET ${path}`))
  faulty.reset()
  assert.ok((await client.expect(200, `GET ${path}`)).body.equals(wanted.bytes))
})

test('a client reads along while a blob comes, and the mirror goes on without it', async () => {
  const fresh = testImage([randomLayer('e', 2_000_000)])
  await upload(`http://${upstream.host}`, 'up/slow', '1', fresh)
  const [wanted] = fresh.layers
  assert.ok(wanted !== undefined)
  await client.expect(200, `GET /v2/${faulty.host}/up/slow/manifests/1`)
  const { promise: heldBy, resolve: goOn } = Promise.withResolvers<void>()
  faulty.fault = ({ url }) => (url.includes(wanted.digest) ? { heldBy } : undefined)
  const response = await fetch(`http://127.0.0.1:${port}/v2/${faulty.host}/up/slow/blobs/${wanted.digest}`)
  const reader = response.body?.getReader()
  const first = await reader?.read()
  assert.ok(faulty.served < wanted.size, 'the first bytes came before the last ones were sent')
  goOn()
  assert.ok(wanted.bytes.subarray(0, first?.value?.length ?? 0).equals(first?.value ?? Buffer.alloc(0)))
  await reader?.cancel()
  await instance.until(
    () => existsSync(`${instance.data}/blobs/sha256/${wanted.digest.slice(7)}`),
    (here) => here,
  )
  faulty.reset()
})

test('credentials for another registry are used, and its refusal is no question to the client', async () => {
  writeFileSync(`${password.home}/htpasswd`, `me:${hashSync('secret', 4)}\n`)
  await password.start({ more: `auth: {htpasswd: {realm: x, path: ${password.home}/htpasswd}}` })
  const path = `/v2/${password.host}/private/manifests/1`
  const refused = await client.expect(403, `GET ${path}`)
  assert.deepEqual([refused.errors, refused.headers['www-authenticate']], [['DENIED'], undefined])
  const login = ['registry', 'login', password.host, '--username', 'me']
  assert.equal((await instance.command('./galley', login, { input: 'secret\n' })).code, 0)
  assert.deepEqual((await client.expect(404, `GET ${path}`)).errors, ['MANIFEST_UNKNOWN'])
  assert.equal((await instance.galley('registry', 'logout', password.host)).code, 0)
  await client.expect(403, `GET ${path}`)
})

test('what was fetched is served when the other registry is down, and says so; a restart forgets nothing', async () => {
  await stop(upstream)
  await crash(instance, client)
  const stale = await client.expect(200, `GET /v2/${mirrored}/manifests/1`)
  assert.ok(stale.body.equals(image.manifest.bytes))
  assert.match(String(stale.headers['warning']), /^299 - "/)
  for (const { digest, bytes } of image.layers)
    assert.ok((await client.expect(200, `GET /v2/${mirrored}/blobs/${digest}`)).body.equals(bytes))
  assert.deepEqual(jsonOf<{ tags: string[] }>(await client.expect(200, `GET /v2/${mirrored}/tags/list`)).tags, ['1'])
  const never = await client.expect(503, `GET /v2/${upstream.host}/never/asked/manifests/1`)
  assert.equal(never.errors.length, 1)
  await client.blob('ours', 'still here')
  await client.expect(200, `GET /v2/ours/blobs/${digestOf('still here')}`)
  assert.equal((await client.expect(200, `HEAD /v2/${mirrored}/manifests/1`)).headers['content-type'], types.manifest)
})
