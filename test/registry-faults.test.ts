import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import { FaultyRegistry, type Fault, type Seen } from './faulty-registry.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { randomLayer, RegistryServer, testImage, testLayer, upload, type TestImage } from './registry-server.ts'

/** Networks that break, registries that stumble, a daemon that is killed: what has arrived is kept. */
const instance = new Instance()
const port = await freePorts(3)
const registry = new RegistryServer(port)
const faulty = new FaultyRegistry(port)
const base = `http://${registry.host}`
const MiB = 1 << 20
/** Bytes that a connection may have on their way when it breaks. */
const inFlight = 256 << 10

before(async () => {
  await registry.start()
  await faulty.start(port + 1)
  mkdirSync(instance.data)
  const mirrors = { 'mirrored.test': [`http://${faulty.host}`, base], 'docker.io': [`127.0.0.1:${port + 2}`, `http://${faulty.host}/hub`] }
  writeFileSync(`${instance.data}/registries.json`, JSON.stringify({ mirrors, insecure: ['clear.test:5000', '10.9.0.0/16'] }))
  await instance.start()
})

beforeEach(() => faulty.reset())

after(async () => {
  await instance.stop()
  await faulty[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
})

const isBlob = ({ method, url }: Seen): boolean => method === 'GET' && url.includes('/blobs/')

/** For blobs of more than a kilobyte, so that configurations pass. */
function onLayers(image: TestImage, fault: () => Fault | undefined): (seen: Seen) => Fault | undefined {
  return (seen) => (isBlob(seen) && image.layers.some(({ digest }) => seen.url.includes(digest)) ? fault() : undefined)
}

async function seeded(name: string, ...sizes: readonly number[]): Promise<{ image: TestImage; name: string }> {
  const image = testImage(sizes.map((size, index) => randomLayer(`file${index}`, size)))
  await upload(base, name, 'latest', image)
  return { image, name: `${faulty.host}/${name}` }
}

const sum = (image: TestImage): number => image.layers.reduce((total, { size }) => total + size, 0)
const parts = (): readonly string[] => readdirSync(`${instance.data}/blobs/parts`)

test('a connection that is cut again and again delays a pull, and next to nothing is fetched twice', async () => {
  const { image, name } = await seeded('cut', 3 * MiB)
  faulty.fault = onLayers(image, () => ({ cutAfter: MiB }))
  const out = await instance.ok('pull', name)
  assert.match(out, /Retrying in 1 second/)
  assert.match(out, /Status: Downloaded newer image/)
  const requests = faulty.seen.filter((seen) => isBlob(seen) && seen.url.includes(image.layers[0]?.digest ?? '?'))
  const starts = requests.map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers['range']?.toString() ?? '')?.[1] ?? 0))
  assert.equal(starts.length, 4)
  // What was read from the socket and not yet written is lost with the connection.
  for (const [index, start] of starts.entries()) assert.ok(start <= index * MiB && start >= index * (MiB - inFlight), `${starts}`)
  assert.ok(faulty.served <= sum(image) + image.config.size + 3 * inFlight, `${faulty.served} of ${sum(image)}`)
  assert.deepEqual(parts(), [])
})

test('kill -9 of the daemon in the middle of a pull: the next one goes on from there', async () => {
  const { image, name } = await seeded('killed', 20 * MiB, 2 * MiB)
  faulty.fault = onLayers(image, () => ({ speed: 4 * MiB }))
  const first = instance.docker('pull', name)
  await instance.until(
    () => faulty.served,
    (served) => served > 12 * MiB,
  )
  instance.killDaemon()
  assert.equal((await first).code, 1)
  const before_ = faulty.served
  faulty.reset()
  await instance.start()
  await instance.ok('pull', name)
  // What was on its way when the daemon died is lost: some megabytes, as many as the kernel holds for a daemon without a processor.
  assert.ok(faulty.served < sum(image) - 1 * MiB, `${before_} and then ${faulty.served} of ${sum(image)}`)
  assert.equal(await instance.ok('inspect', '-f', '{{.Id}}', name), image.config.digest)
  assert.deepEqual(parts(), [])
})

test('a client that goes away stops the download, and what came is kept', async () => {
  const { image, name } = await seeded('left', 16 * MiB)
  faulty.fault = onLayers(image, () => ({ speed: 4 * MiB }))
  const client = spawn('docker', ['pull', name], { env: { ...process.env, DOCKER_HOST: `unix://${instance.socket}` }, stdio: 'ignore' })
  await instance.until(
    () => faulty.served,
    (served) => served > 10 * MiB,
  )
  client.kill('SIGKILL')
  await instance.until(parts, (found) => found.length === 2)
  const came = faulty.served
  faulty.reset()
  await instance.ok('pull', name)
  assert.ok(faulty.served < sum(image) - 1 * MiB, `${came} and then ${faulty.served} of ${sum(image)}`)
})

test('a registry that stumbles or asks to wait is asked again', async () => {
  const { image, name } = await seeded('stumbles', 1000)
  const answers = [{ status: 500 }, { status: 429, headers: { 'retry-after': '1' } }, { status: 503, body: '<html>' }]
  faulty.fault = onLayers(image, () => {
    const answer = answers.shift()
    return answer && { answer }
  })
  await instance.ok('pull', name)
  assert.deepEqual(answers, [])
  const limited = await seeded('limited', 1000)
  const body = '{"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}]}'
  faulty.fault = onLayers(limited.image, () => ({ answer: { status: 429, headers: { 'retry-after': '0' }, body } }))
  const refused = await instance.docker('pull', limited.name)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /toomanyrequests: You have reached your pull rate limit\./)
})

test('a layer with other content is refused and leaves nothing; the right one is then taken', async () => {
  const { image, name } = await seeded('damaged', 2 * MiB)
  faulty.fault = onLayers(image, () => ({ damaged: true }))
  const refused = await instance.docker('pull', name)
  assert.equal(refused.code, 1)
  assert.match(refused.err, new RegExp(`filesystem layer verification failed for digest ${image.layers[0]?.digest}`))
  assert.equal((await instance.docker('inspect', name)).code, 1)
  assert.deepEqual([parts(), readdirSync(`${instance.data}/layers/arriving`)], [[], []])
  faulty.reset()
  await instance.ok('pull', name)
})

test('what was damaged on disk between two attempts is fetched anew', async () => {
  const { image, name } = await seeded('rotten', 10 * MiB)
  let calls = 0
  faulty.fault = onLayers(image, () => (calls++ < 3 ? { cutAfter: 2 * MiB } : { answer: { status: 403 } }))
  assert.equal((await instance.docker('pull', name)).code, 1)
  const file = parts().find((path) => path.endsWith('.bytes'))
  assert.ok(file !== undefined)
  writeFileSync(`${instance.data}/blobs/parts/${file}`, 'rot', { flag: 'r+' })
  faulty.reset()
  await instance.ok('pull', name)
  assert.equal(await instance.ok('inspect', '-f', '{{.Id}}', name), image.config.digest)
})

test('a manifest with other content than its digest is refused', async () => {
  const { image, name } = await seeded('lies', 1000)
  faulty.fault = ({ url }) => (url.includes('/manifests/') ? { damaged: true } : undefined)
  const refused = await instance.docker('pull', `${name}@${image.manifest.digest}`)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /manifest verification failed for digest/)
})

test('a registry without ranges serves large blobs too', async () => {
  const { image, name } = await seeded('whole', 20 * MiB)
  faulty.fault = onLayers(image, () => ({ withoutRange: true }))
  await instance.ok('pull', name)
  assert.equal(await instance.ok('inspect', '-f', '{{.Id}}', name), image.config.digest)
  assert.ok(faulty.served < 3 * sum(image), `${faulty.served}`)
})

test('a blob that is somewhere else is fetched there, without the credentials', async () => {
  const { image, name } = await seeded('elsewhere', 3 * MiB)
  const other = new FaultyRegistry(port)
  await other.start(0)
  await using _other = other
  faulty.fault = (seen) =>
    seen.headers['authorization'] === undefined
      ? { answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } }
      : isBlob(seen)
        ? { answer: { status: 307, headers: { location: `http://${other.host}${seen.url}` } } }
        : undefined
  writeFileSync(`${instance.home}/config.json`, JSON.stringify({ auths: { [faulty.host]: { auth: btoa('user:secret') } } }))
  const pulled = await instance.command('docker', ['--config', instance.home, 'pull', name])
  assert.equal(pulled.code, 0, pulled.err)
  assert.equal(other.seen.length, 2)
  assert.ok(other.seen.every(({ headers }) => headers['authorization'] === undefined))
  assert.equal(other.served, sum(image) + image.config.size)
})

test('a push that is cut is completed, and layers that arrived are not sent again', async () => {
  await instance.importBox()
  const name = `${faulty.host}/cutpush`
  await instance.ok('tag', 'box', name)
  let cuts = 0
  faulty.fault = ({ method, url }) =>
    ['PATCH', 'PUT'].includes(method) && url.includes('/blobs/uploads/') && cuts++ < 2 ? { cutUploadAfter: 100_000 } : undefined
  assert.match(await instance.ok('push', name), /latest: digest: sha256:/)
  assert.ok(cuts > 2)
  faulty.reset()
  assert.match(await instance.ok('push', name), /Layer already exists/)
  assert.ok(!faulty.seen.some(({ method, url }) => method === 'PATCH' || (method === 'PUT' && url.includes('/blobs/'))))
})

test('schema 1, foreign layers and what is no image are refused by name', async () => {
  const answers = (mediaType: string, manifest: object): void => {
    faulty.fault = () => ({ answer: { status: 200, headers: { 'content-type': mediaType }, body: JSON.stringify(manifest) } })
  }
  const refusal = async (): Promise<string> => (await instance.docker('pull', `${faulty.host}/x`)).err
  answers('application/vnd.docker.distribution.manifest.v1+prettyjws', { schemaVersion: 1, fsLayers: [] })
  assert.match(await refusal(), /manifest schema version 1 is not supported/)
  const layer = testLayer('a', Buffer.from('a'))
  const { manifest } = testImage([layer])
  const oci = 'application/vnd.oci.image.manifest.v1+json'
  const json = JSON.parse(manifest.bytes.toString()) as { config: object; layers: object[] }
  answers(oci, { ...json, config: { ...json.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } })
  assert.match(await refusal(), /is not a container image: unsupported media type application\/vnd\.cncf\.helm/)
  answers('application/vnd.oci.image.index.v1+json', json)
  assert.match(await refusal(), /invalid manifest: content of an image manifest with media type/)
  answers(oci, { ...json, pad: 'x'.repeat(5 * MiB) })
  assert.match(await refusal(), /larger than 4194304 bytes/)
})

test('mirrors stand in for their registry, the next one when one has not got it', async () => {
  const { image } = await seeded('far/away', 1 * MiB)
  await instance.ok('pull', 'mirrored.test/far/away')
  assert.equal(faulty.served, sum(image) + image.config.size)
  const next = await seeded('second', 1 * MiB)
  faulty.fault = () => ({ answer: { status: 404 } })
  await instance.ok('pull', 'mirrored.test/second')
  assert.equal(
    await instance.ok('inspect', '-f', '{{.Id}} {{.RepoTags}}', 'mirrored.test/second'),
    `${next.image.config.digest} [mirrored.test/second:latest]`,
  )
  assert.match((await instance.docker('pull', 'mirrored.test/nosuch')).err, /lookup mirrored\.test: /)
})

test("Docker Hub's mirrors are asked for its images by their full path", async () => {
  const { image } = await seeded('hub/library/small', 1000)
  faulty.fault = ({ url }) =>
    url.startsWith('/hub/') ? { answer: { status: 307, headers: { location: url.replace('/hub/v2/', '/v2/hub/') } } } : undefined
  await instance.ok('pull', 'small')
  assert.equal(await instance.ok('inspect', '-f', '{{.Id}}', 'small:latest'), image.config.digest)
  assert.equal(faulty.seen[0]?.url, '/hub/v2/library/small/manifests/latest')
})

test('docker info tells of mirrors and insecure registries', async () => {
  const out = await instance.ok('info')
  assert.match(out, /Insecure Registries:\n\s+clear\.test:5000\n\s+127\.0\.0\.0\/8\n\s+::1\/128\n\s+10\.9\.0\.0\/16/)
  assert.match(out, new RegExp(`Registry Mirrors:\\n\\s+https://127\\.0\\.0\\.1:${port + 2}\\n\\s+http://127\\.0\\.0\\.1:${port + 1}/hub`))
})
