import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hostPlatform } from '#content/manifests/platform.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { blobOf, mediaTypes, randomLayer, RegistryServer, testImage, testLayer, upload, uploadManifest } from './registry-server.ts'

/** The real docker CLI, and Debian's docker-registry on loopback. */
const instance = new Instance()
const port = await freePorts(2)
const registry = new RegistryServer(port)
const base = `http://${registry.host}`

before(async () => {
  await registry.start()
  await instance.start()
})

after(async () => {
  await instance.stop()
  await registry[Symbol.asyncDispose]()
})

test('an image is pulled by tag and by digest, and is up to date the second time', async () => {
  const image = testImage([
    testLayer('a', Buffer.from('gzip')),
    testLayer('b', Buffer.from('zstd'), 'zstd'),
    testLayer('c', Buffer.from('plain'), 'plain'),
  ])
  await upload(base, 'first', 'one', image)
  const name = `${registry.host}/first`
  const out = await instance.ok('pull', `${name}:one`)
  assert.match(out, /^one: Pulling from first\n/)
  for (const layer of image.layers) assert.match(out, new RegExp(`${layer.digest.slice(7, 19)}: Pull complete`))
  assert.ok(out.endsWith(`Digest: ${image.manifest.digest}\nStatus: Downloaded newer image for ${name}:one\n${name}:one`), out)
  assert.equal(
    await instance.ok('inspect', '-f', '{{.Id}} {{.RepoDigests}}', `${name}:one`),
    `${image.config.digest} [${name}@${image.manifest.digest}]`,
  )
  assert.match(await instance.ok('pull', `${name}:one`), /Status: Image is up to date for/)
  await instance.ok('rmi', `${name}:one`)
  assert.match(await instance.ok('pull', `${name}@${image.manifest.digest}`), /Status: Downloaded newer image for .*@sha256:/)
})

test('of several platforms the right one is taken', async () => {
  const [amd, arm] = [testImage([testLayer('a', Buffer.from('amd'))], 'amd64'), testImage([testLayer('a', Buffer.from('arm'))], 'arm64')]
  const entry = ({ manifest, mediaType }: typeof amd, architecture: string): object => ({
    mediaType,
    digest: manifest.digest,
    size: manifest.size,
    platform: { os: 'linux', architecture },
  })
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry(arm, 'arm64'), entry(amd, 'amd64')] }
  await upload(base, 'many', 'amd', amd)
  await upload(base, 'many', 'arm', arm)
  const blob = blobOf(Buffer.from(JSON.stringify(index)))
  await uploadManifest(base, 'many/manifests/latest', blob, mediaTypes.ociIndex)
  const name = `${registry.host}/many`
  for (const [platform, image] of [
    ['linux/amd64', amd],
    ['linux/arm64', arm],
  ] as const) {
    await instance.ok('pull', '--platform', platform, name)
    assert.equal(await instance.ok('inspect', '-f', '{{.Id}} {{.RepoDigests}}', name), `${image.config.digest} [${name}@${blob.digest}]`)
  }
  const none = await instance.docker('pull', '--platform', 'linux/s390x', name)
  assert.equal(none.code, 1)
  assert.match(none.err, /no matching manifest for linux\/s390x in the manifest list entries/)
  const other = await instance.docker('pull', '--platform', 'linux/arm64', `${name}:amd`)
  assert.match(other.err, /was found but does not provide the specified platform \(linux\/arm64\)/)
  const all = await instance.ok('pull', '-a', name)
  for (const tag of ['amd', 'arm', 'latest']) assert.match(all, new RegExp(`^${tag}: Pulling from`, 'm'))
})

test('what is not there and who is not there are told apart', async () => {
  const missing = await instance.docker('pull', `${registry.host}/nosuch:1`)
  assert.equal(missing.code, 1)
  assert.match(
    missing.err,
    new RegExp(`Error response from daemon: manifest for 127\\.0\\.0\\.1:${port}/nosuch:1 not found: manifest unknown: manifest unknown`),
  )
  const nobody = await instance.docker('pull', `127.0.0.1:${port + 1}/x`)
  assert.match(nobody.err, /connect: connection refused/)
  assert.match(nobody.err, new RegExp(`127\\.0\\.0\\.1:${port + 1} cannot be reached from this machine`))
})

test('two pulls of the same image at once both succeed', async () => {
  const image = testImage([randomLayer('a', 20 << 20), randomLayer('b', 1 << 20)])
  await upload(base, 'twice', 'latest', image)
  const outs = await Promise.all([1, 2].map(() => instance.ok('pull', `${registry.host}/twice`)))
  for (const out of outs) assert.match(out, /Status: (Downloaded newer image|Image is up to date)/)
  assert.equal(await instance.ok('inspect', '-f', '{{.Id}}', `${registry.host}/twice`), image.config.digest)
})

test('an image made here is pushed, and comes back the same', async () => {
  const name = `${registry.host}/made/here`
  await instance.importBox()
  await instance.ok('tag', 'box', `${name}:1`)
  await instance.ok('tag', 'box', `${name}:2`)
  const out = await instance.ok('push', `${name}:1`)
  assert.match(out, new RegExp(`^The push refers to repository \\[127\\.0\\.0\\.1:${port}/made/here\\]\\n`))
  assert.match(out, /: Pushed\n/)
  const digest = /^1: digest: (sha256:[a-f0-9]{64}) size: \d+$/m.exec(out)?.[1]
  assert.equal(await instance.ok('inspect', '-f', '{{.RepoDigests}}', 'box'), `[${name}@${digest}]`)
  assert.match(await instance.ok('push', '-a', name), /Layer already exists[^]*^1: digest[^]*^2: digest/m)
  const id = await instance.ok('inspect', '-f', '{{.Id}}', 'box')
  await instance.ok('rmi', '-f', id)
  await instance.ok('pull', `${name}@${digest}`)
  assert.equal(await instance.ok('run', '--rm', `${name}@${digest}`, 'cat', '/data/seed'), 'from the image')
  await instance.ok('tag', `${name}@${digest}`, 'box')
})

test('a pulled image goes to another repository under the same digest, its layers mounted', async () => {
  const image = testImage([randomLayer('a', 100_000), testLayer('b', Buffer.from('b'), 'plain'), testLayer('c', Buffer.from('c'), 'zstd')])
  await upload(base, 'origin', 'latest', image)
  await instance.ok('pull', `${registry.host}/origin`)
  await instance.ok('tag', `${registry.host}/origin`, `${registry.host}/copy:1`)
  const out = await instance.ok('push', `${registry.host}/copy:1`)
  assert.equal(out.match(/Mounted from origin/g)?.length, 3, out)
  assert.match(out, new RegExp(`1: digest: ${image.manifest.digest} size: ${image.manifest.size}`))
})

test('what is not here is not pushed', async () => {
  const nothing = await instance.docker('push', `${registry.host}/nothing`)
  assert.equal(nothing.code, 1)
  assert.match(nothing.err, new RegExp(`An image does not exist locally with the tag: 127\\.0\\.0\\.1:${port}/nothing`))
  await instance.ok('tag', 'box', `${registry.host}/some:1`)
  const other = await instance.docker('push', `${registry.host}/some:2`)
  assert.match(other.err, new RegExp(`tag does not exist: 127\\.0\\.0\\.1:${port}/some:2`))
})

test('a registry tells of an image without a pull, and search is refused by name', async () => {
  const answer = await instance.command('curl', [
    '-s',
    '--unix-socket',
    instance.socket,
    `http://x/v1.51/distribution/${registry.host}/first:one/json`,
  ])
  const { Descriptor, Platforms } = JSON.parse(answer.out) as { Descriptor: { mediaType: string }; Platforms: object[] }
  assert.equal(Descriptor.mediaType, mediaTypes.ociManifest)
  assert.deepEqual(Platforms, [{ architecture: hostPlatform().architecture, os: 'linux' }])
  assert.match((await instance.docker('search', `${registry.host}/x`)).err, new RegExp(`registry 127\\.0\\.0\\.1:${port} has no search`))
})
