import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { freePorts } from './free-ports.ts'
import type { Outcome } from './instance.ts'
import { digestOf, OciClient, types, type Answer } from './oci-client.ts'
import { usePlugins } from './plugins.ts'
import { randomLayer, RegistryServer, testImage, upload } from './registry-server.ts'
import { InstanceOnSmallDisk } from './small-disk.ts'

/** A disk whose room runs out while an image comes from a registry, or goes to Galley's own: said, nothing left behind, and right as soon as there is room. */
const port = await freePorts(2)
const instance = new InstanceOnSmallDisk(96)
const { directory } = new BuildContexts(instance)
const withBuildx = await usePlugins(instance, 'docker-buildx')
const { disk } = instance
const upstream = new RegistryServer(port + 1)
const client = new OciClient(port)
const megabyte = 1 << 20
const image = testImage([randomLayer('a', 6 * megabyte), randomLayer('b', 4 * megabyte)])
const name = `${upstream.host}/up/image:1`

before(async () => {
  await upstream.start()
  await upload(`http://${upstream.host}`, 'up/image', '1', image)
  await instance.start()
  const registry = ['--listen', `127.0.0.1:${port}`, '--anonymous', 'push', '--mirror', upstream.host]
  const { code, err } = await instance.galley('registry', 'start', ...registry)
  assert.equal(code, 0, err)
})

after(async () => {
  await instance[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** All content, and what is on its way. */
function content(): string[] {
  const places = ['build/work', 'layers', 'layers/arriving', 'blobs/sha256', 'blobs/arriving', 'blobs/parts', 'blobs/uploads', 'trash']
  return places.flatMap((place) =>
    existsSync(`${instance.data}/${place}`)
      ? readdirSync(`${instance.data}/${place}`).flatMap((entry) => (entry === 'arriving' ? [] : [`${place}/${entry}`]))
      : [],
  )
}

async function settles(wanted: readonly string[]): Promise<void> {
  await instance.until(content, (found) => JSON.stringify(found.toSorted()) === JSON.stringify(wanted.toSorted()))
}

const dockerfile = (): string => directory({ Dockerfile: `FROM ${name}\nENV unique=${randomBytes(8).toString('hex')}\n` })
const clients = {
  'docker pull': () => instance.docker('pull', name),
  'docker build': () => instance.command('docker', ['build', dockerfile()], { env: { DOCKER_BUILDKIT: '0' } }),
  'docker buildx build': () => instance.docker('buildx', 'build', '--progress=plain', dockerfile()),
  'galley build': () => instance.galley('build', '--progress=plain', dockerfile()),
} as const satisfies Record<string, () => Promise<Outcome>>

/** Bytes that are free: for no layer; for one of the two; for both as they come, but not unpacked. */
const rooms = [8 << 10, 8 * megabyte, 15 * megabyte]
const measured =
  /(no space left on device|the disk with \S+ is full) \([\d.]+ k?M?B of 101 MB are free on the disk with \S+\)[^]*Make room: docker system prune/

for (const [what, come] of Object.entries(clients))
  for (const room of rooms) {
    const skip = what === 'docker buildx build' && !withBuildx ? 'no suite that has buildx can be reached' : false
    test(
      `${what}: an image that finds only ${room} bytes is said not to fit, leaves nothing, and comes when it fits`,
      { skip },
      async () => {
        const before = content()
        disk.leave(room)
        const { code, out, err } = await come()
        disk.clear()
        assert.notEqual(code, 0, out)
        assert.match(`${out}${err}`, measured)
        assert.doesNotMatch(`${out}${err}`, /ENOSPC|nobody wants|aborted/)
        await settles(before)
        assert.equal(await instance.ok('images', '-aq'), '')
        const again = await come()
        assert.equal(again.code, 0, again.err)
        await instance.ok('image', 'prune', '-af')
        await instance.ok('builder', 'prune', '-af')
        await settles(before)
      },
    )
  }

function saysFull({ status, errors, body }: Answer): void {
  assert.equal(status, 507, body.toString())
  assert.deepEqual(errors, ['UNAVAILABLE'])
  assert.match(body.toString(), /no space left on device; Make room|is full; Make room/)
}

const octets = { 'content-type': types.octets }

for (const room of [0, 3 * megabyte])
  test(`a blob that is pushed where only ${room} bytes are free is answered 507, leaves nothing, and is taken when there is room`, async () => {
    const blob = randomBytes(5 * megabyte)
    const before = content()
    const begun = await client.begin('full/blob')
    disk.leave(room)
    saysFull(await client.ask(`POST /v2/full/blob/blobs/uploads/?digest=${digestOf(blob)}`, { headers: octets, body: blob }))
    saysFull(await client.ask(`PATCH ${begun}`, { headers: octets, body: blob, chunked: true }))
    const closed = await client.expect(404, `GET ${begun}`)
    assert.deepEqual(closed.errors, ['BLOB_UPLOAD_UNKNOWN'])
    disk.clear()
    await settles(before)
    await client.blob('full/blob', blob)
  })

test('a manifest that finds no room is answered 507, is not there, and is taken when there is room', async () => {
  const index = JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [] })
  const put = { headers: { 'content-type': types.index }, body: index }
  disk.leave(0)
  saysFull(await client.ask('PUT /v2/full/manifest/manifests/1', put))
  await client.expect(404, 'GET /v2/full/manifest/manifests/1')
  disk.clear()
  await client.expect(201, 'PUT /v2/full/manifest/manifests/1', put)
  await client.expect(202, `DELETE /v2/full/manifest/manifests/${digestOf(index)}`)
})

test('skopeo is told the status that says what is missing', async () => {
  await instance.ok('pull', name)
  await instance.ok('save', '-o', `${instance.home}/saved.tar`, name)
  await instance.ok('rmi', name)
  const copy = ['copy', '--dest-tls-verify=false', `docker-archive:${instance.home}/saved.tar`, `docker://localhost:${port}/full/image:1`]
  disk.leave(3 * megabyte)
  const failed = await instance.command('skopeo', copy)
  assert.equal(failed.code, 1)
  assert.match(failed.err, /507 Insufficient Storage|no space left on device/)
  disk.clear()
  const { code, err } = await instance.command('skopeo', copy)
  assert.equal(code, 0, err)
})

test('a blob of another registry that does not fit is answered 507 before its first byte, and comes when there is room', async () => {
  const [large, small] = image.layers
  const path = `/v2/${upstream.host}/up/image`
  disk.leave(0)
  saysFull(await client.ask(`GET ${path}/manifests/1`))
  disk.leave(5 * megabyte)
  await client.expect(200, `GET ${path}/manifests/1`)
  const before = content()
  saysFull(await client.ask(`GET ${path}/blobs/${large?.digest}`))
  await settles(before)
  const fits = await client.expect(200, `GET ${path}/blobs/${small?.digest}`)
  assert.ok(small?.bytes.equals(fits.body))
  disk.clear()
  const come = await client.expect(200, `GET ${path}/blobs/${large?.digest}`)
  assert.ok(large?.bytes.equals(come.body))
})
