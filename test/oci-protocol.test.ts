import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { digestOf, jsonOf, OciClient, types } from './oci-client.ts'

const port = await freePorts()
const instance = new Instance()
const client = new OciClient(port)

before(async () => {
  await instance.start()
  const { code, err } = await instance.galley('registry', 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'push')
  assert.equal(code, 0, err)
})
after(() => instance.stop())

test('GET /v2/ says that this is a registry', async () => {
  const { headers } = await client.expect(200, 'GET /v2/')
  assert.equal(headers['docker-distribution-api-version'], 'registry/2.0')
})

test('of a blob in one request that breaks off nothing stays, as nobody could go on with it', async () => {
  const uploads = `${instance.data}/blobs/uploads`
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`POST /v2/cut/off/blobs/uploads/?digest=${digestOf('x')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx`)
  await instance.until(
    () => readdirSync(uploads).length,
    (count) => count === 1,
  )
  socket.destroy()
  await instance.until(
    () => readdirSync(uploads).length,
    (count) => count === 0,
  )
})

test('a blob comes in one request, in POST and PUT, in chunks, and as a stream without ranges', async () => {
  const bytes = randomBytes(300_000)
  const digest = digestOf(bytes)
  await client.blob('one/post', bytes)

  const whole = await client.begin('post/put')
  await client.expect(201, `PUT ${whole}?digest=${digest}`, { body: bytes })

  let at = await client.begin('in/chunks')
  for (const [from, to] of [
    [0, 100_000],
    [100_000, 100_001],
    [100_001, 300_000],
  ] as const) {
    const range = { 'content-range': `${from}-${to - 1}` }
    const { headers } = await client.expect(202, `PATCH ${at}`, { headers: range, body: bytes.subarray(from, to) })
    assert.equal(headers['range'], `0-${to - 1}`)
    at = String(headers['location'])
  }
  await client.expect(201, `PUT ${at}?digest=${digest}`, { body: '' })

  const stream = await client.begin('a/stream')
  await client.expect(202, `PATCH ${stream}`, { body: bytes, chunked: true })
  await client.expect(201, `PUT ${stream}?digest=${digest}`)

  for (const name of ['one/post', 'post/put', 'in/chunks', 'a/stream']) {
    const { body, headers } = await client.expect(200, `GET /v2/${name}/blobs/${digest}`)
    assert.ok(body.equals(bytes), name)
    assert.equal(headers['docker-content-digest'], digest)
  }
})

test('a chunk that leaves a gap, or comes twice, is refused with where the upload is', async () => {
  const at = await client.begin('gaps')
  await client.expect(202, `PATCH ${at}`, { headers: { 'content-range': '0-4' }, body: 'hello' })
  for (const range of ['6-9', '0-4', '4-7']) {
    const answer = await client.expect(416, `PATCH ${at}`, { headers: { 'content-range': range }, body: 'more' })
    assert.deepEqual([answer.errors, answer.headers['range'], answer.headers['location']], [['BLOB_UPLOAD_INVALID'], '0-4', at])
  }
  const { headers } = await client.expect(204, `GET ${at}`)
  assert.equal(headers['range'], '0-4')
  await client.expect(201, `PUT ${at}?digest=${digestOf('hello you')}`, { headers: { 'content-range': '5-8' }, body: ' you' })
})

test('lengths, ranges and digests that do not hold are refused, and nothing of them stays', async () => {
  const at = await client.begin('wrong')
  const invalid = await client.expect(400, `PATCH ${at}`, { headers: { 'content-range': '0-99' }, body: 'hello' })
  assert.deepEqual(invalid.errors, ['SIZE_INVALID'])
  assert.deepEqual((await client.expect(400, `PATCH ${at}`, { headers: { 'content-range': 'x' }, body: 'a' })).errors, [
    'BLOB_UPLOAD_INVALID',
  ])
  const other = digestOf('something else')
  assert.deepEqual((await client.expect(400, `PUT ${at}?digest=${other}`, { body: 'hello' })).errors, ['DIGEST_INVALID'])
  assert.deepEqual((await client.expect(404, `GET ${at}`)).errors, ['BLOB_UPLOAD_UNKNOWN'])
  const posted = await client.expect(400, `POST /v2/wrong/blobs/uploads/?digest=${other}`, { body: 'hello' })
  assert.deepEqual(posted.errors, ['DIGEST_INVALID'])
  for (const digest of ['sha256:abc', 'md5:d41d8cd98f00b204e9800998ecf8427e', ''])
    assert.deepEqual((await client.expect(400, `POST /v2/wrong/blobs/uploads/?digest=${digest}`, { body: 'x' })).errors, ['DIGEST_INVALID'])
  assert.deepEqual((await client.expect(404, `HEAD /v2/wrong/blobs/${other}`)).body.length, 0)
  assert.deepEqual((await client.expect(404, `GET /v2/wrong/blobs/${other}`)).errors, ['BLOB_UNKNOWN'])
})

test('an upload is given up', async () => {
  const at = await client.begin('given/up')
  await client.expect(204, `DELETE ${at}`)
  assert.deepEqual((await client.expect(404, `PATCH ${at}`, { body: 'x' })).errors, ['BLOB_UPLOAD_UNKNOWN'])
  assert.equal((await client.expect(404, `DELETE ${at}`)).errors[0], 'BLOB_UPLOAD_UNKNOWN')
})

test('an upload belongs to its repository', async () => {
  const at = await client.begin('mine')
  await client.expect(404, `GET ${at.replace('/mine/', '/yours/')}`)
  await client.expect(204, `GET ${at}`)
})

test('a connection that is cut leaves what has come, and the next request goes on from there', async () => {
  const bytes = randomBytes(400_000)
  const at = await client.begin('cut')
  const socket = connect(port, '127.0.0.1')
  socket.write(`PATCH ${at} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${bytes.length}\r\n\r\n`)
  socket.write(bytes.subarray(0, 150_000))
  const come = async (): Promise<number> => Number(String((await client.expect(204, `GET ${at}`)).headers['range']).slice(2)) + 1
  await instance.until(come, (size) => size === 150_000)
  socket.destroy()
  const range = { 'content-range': `150000-${bytes.length - 1}` }
  await client.expect(202, `PATCH ${at}`, { headers: range, body: bytes.subarray(150_000) })
  await client.expect(201, `PUT ${at}?digest=${digestOf(bytes)}`)
})

test('a request about an upload cuts off one that hangs', async () => {
  const at = await client.begin('hanging')
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`PATCH ${at} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhello`)
  const come = async (): Promise<unknown> => (await client.expect(204, `GET ${at}`)).headers['range']
  await instance.until(come, (range) => range === '0-4')
  await client.expect(201, `PUT ${at}?digest=${digestOf('hello you')}`, { headers: { 'content-range': '5-8' }, body: ' you' })
  socket.destroy()
})

test('a part of a blob is given, and what lies outside is refused', async () => {
  const bytes = randomBytes(5000)
  const path = `/v2/parts/blobs/${await client.blob('parts', bytes)}`
  for (const [range, from, to] of [
    ['0-9', 0, 10],
    ['100-', 100, 5000],
    ['-10', 4990, 5000],
    ['4000-9999', 4000, 5000],
  ] as const) {
    const { body, headers } = await client.expect(206, `GET ${path}`, { headers: { range: `bytes=${range}` } })
    assert.ok(body.equals(bytes.subarray(from, to)), range)
    assert.equal(headers['content-range'], `bytes ${from}-${to - 1}/5000`)
  }
  assert.equal((await client.expect(416, `GET ${path}`, { headers: { range: 'bytes=5000-' } })).headers['content-range'], 'bytes */5000')
  await client.expect(200, `GET ${path}`, { headers: { range: 'bytes=0-1,4-5' } })
  const { headers } = await client.expect(200, `HEAD ${path}`)
  assert.deepEqual([headers['content-length'], headers['accept-ranges']], ['5000', 'bytes'])
  await client.expect(304, `GET ${path}`, { headers: { 'if-none-match': String(headers['etag']) } })
})

test('a blob is taken over from another repository, or from any, and else an upload begins', async () => {
  const digest = await client.blob('from/here', 'shared')
  await client.expect(201, `POST /v2/to/there/blobs/uploads/?mount=${digest}&from=from/here`, { body: '' })
  await client.expect(200, `GET /v2/to/there/blobs/${digest}`)
  await client.expect(201, `POST /v2/to/others/blobs/uploads/?mount=${digest}`, { body: '' })
  await client.expect(202, `POST /v2/to/more/blobs/uploads/?mount=${digest}&from=not/here`, { body: '' })
  await client.expect(404, `GET /v2/to/more/blobs/${digest}`)
})

test('a manifest is kept to the byte, by tag, by digest, and by several tags at once', async () => {
  await client.blob('kept', '{}')
  const body = `{ "schemaVersion":2,"mediaType":"${types.manifest}", "own": [1, 2], "layers":[],\n"config":{"mediaType":"x/y","digest":"${digestOf('{}')}","size":2}}`
  const digest = digestOf(body)
  const headers = { 'content-type': types.manifest }
  const put = await client.expect(201, `PUT /v2/kept/manifests/${digest}?tag=a&tag=b`, { headers, body })
  assert.deepEqual([put.headers['oci-tag'], put.headers['docker-content-digest']], ['a, b', digest])
  for (const reference of ['a', 'b', digest]) {
    const answer = await client.expect(200, `GET /v2/kept/manifests/${reference}`, { headers: { accept: types.manifest } })
    assert.deepEqual([answer.body.toString(), answer.headers['content-type']], [body, types.manifest])
  }
  assert.equal((await client.expect(200, 'HEAD /v2/kept/manifests/a')).headers['content-length'], String(body.length))
  await client.expect(202, 'DELETE /v2/kept/manifests/a')
  await client.expect(404, 'GET /v2/kept/manifests/a')
  await client.expect(200, 'GET /v2/kept/manifests/b')
  await client.expect(202, `DELETE /v2/kept/manifests/${digest}`)
  assert.deepEqual((await client.expect(404, 'GET /v2/kept/manifests/b')).errors, ['MANIFEST_UNKNOWN'])
})

test('a manifest that says two things, or names what is not there, is refused', async () => {
  const config = { mediaType: types.config, digest: await client.blob('bad', '{}'), size: 2 }
  const manifest = { schemaVersion: 2, config, layers: [] }
  const refused = async (type: string, value: unknown, code: string): Promise<void> => {
    const body = typeof value === 'string' ? value : JSON.stringify(value)
    const answer = await client.expect(400, 'PUT /v2/bad/manifests/x', { headers: { 'content-type': type }, body })
    assert.deepEqual(answer.errors, [code], body)
  }
  // CVE-2021-41190: one document that is two images.
  await refused(types.index, { ...manifest, mediaType: types.manifest }, 'MANIFEST_INVALID')
  await refused(types.manifest, { ...manifest, manifests: [] }, 'MANIFEST_INVALID')
  await refused(types.index, { schemaVersion: 2, manifests: [], layers: [] }, 'MANIFEST_INVALID')
  await refused(types.index, manifest, 'MANIFEST_INVALID')
  await refused('text/plain', manifest, 'MANIFEST_INVALID')
  await refused(types.manifest, { ...manifest, schemaVersion: 1 }, 'MANIFEST_INVALID')
  await refused(types.manifest, '{"schemaVersion": 2', 'MANIFEST_INVALID')
  const missing = { mediaType: types.layer, digest: digestOf('not here'), size: 8 }
  await refused(types.manifest, { ...manifest, layers: [missing] }, 'MANIFEST_BLOB_UNKNOWN')
  await refused(types.index, { schemaVersion: 2, manifests: [missing] }, 'MANIFEST_BLOB_UNKNOWN')
  const other = `PUT /v2/bad/manifests/${digestOf('other')}`
  const answer = await client.expect(400, other, { headers: { 'content-type': types.manifest }, body: JSON.stringify(manifest) })
  assert.deepEqual(answer.errors, ['DIGEST_INVALID'])
  await client.expect(413, 'PUT /v2/bad/manifests/x', { headers: { 'content-type': types.manifest }, body: ' '.repeat(5 << 20) })
  await client.expect(404, 'GET /v2/bad/manifests/x')
})

test('sha512 names blobs and manifests as well', async () => {
  const digest = await client.blob('long', 'content', 'sha512')
  assert.equal((await client.expect(200, `GET /v2/long/blobs/${digest}`)).headers['docker-content-digest'], digest)
  const begun = await client.expect(202, 'POST /v2/long/blobs/uploads/?digest-algorithm=sha512', { body: '' })
  const config = digestOf('config', 'sha512')
  await client.expect(202, `PATCH ${String(begun.headers['location'])}`, { body: 'config' })
  await client.expect(201, `PUT ${String(begun.headers['location'])}?digest=${config}`, { body: '' })
  const body = JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: types.config, digest: config, size: 6 },
    layers: [{ mediaType: types.layer, digest, size: 7 }],
  })
  const own = digestOf(body, 'sha512')
  await client.expect(201, `PUT /v2/long/manifests/${own}`, { headers: { 'content-type': types.manifest }, body })
  assert.equal((await client.expect(200, `GET /v2/long/manifests/${own}`)).body.toString(), body)
  assert.deepEqual((await client.expect(400, 'POST /v2/long/blobs/uploads/?digest-algorithm=md5', { body: '' })).errors, ['DIGEST_INVALID'])
})

test('a client that reads only image manifests gets this machine’s of an index', async () => {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const digest = await client.manifest('many', undefined)
  const size = (await client.expect(200, `GET /v2/many/manifests/${digest}`)).body.length
  const entry = { mediaType: types.manifest, digest, size, platform: { os: 'linux', architecture } }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [entry] })
  await client.expect(201, 'PUT /v2/many/manifests/all', { headers: { 'content-type': types.index }, body: index })
  const read = async (accept: string): Promise<unknown> =>
    (await client.expect(200, 'GET /v2/many/manifests/all', { headers: { accept } })).headers['content-type']
  assert.equal(await read(types.manifest), types.manifest)
  assert.equal(await read(`${types.manifest}, ${types.index}`), types.index)
  assert.equal(await read('*/*'), types.index)
})

test('tags and repositories are listed in pages', async () => {
  for (const tag of ['b', 'a', 'C', '1.0']) await client.manifest('tagged', tag)
  const list = async (query: string): Promise<readonly unknown[]> => {
    const answer = await client.expect(200, `GET /v2/tagged/tags/list${query}`)
    return [jsonOf<{ tags: string[] }>(answer).tags.join(' '), answer.headers['link']]
  }
  assert.deepEqual(await list(''), ['1.0 C a b', undefined])
  assert.deepEqual(await list('?n=2'), ['1.0 C', '</v2/tagged/tags/list?n=2&last=C>; rel="next"'])
  assert.deepEqual(await list('?n=2&last=C'), ['a b', undefined])
  assert.deepEqual(await list('?last=a'), ['b', undefined])
  assert.deepEqual(await list('?n=0'), ['', undefined])
  await client.expect(400, 'GET /v2/tagged/tags/list?n=-1')
  assert.deepEqual((await client.expect(404, 'GET /v2/not/there/tags/list')).errors, ['NAME_UNKNOWN'])
  const catalog = await client.expect(200, 'GET /v2/_catalog?n=1&last=sz')
  assert.deepEqual(jsonOf<object>(catalog), { repositories: ['tagged'] })
  assert.match(String(catalog.headers['link']), /last=tagged/)
})

test('what refers to a manifest is listed, also before it is there, by type as well', async () => {
  const subject = await client.manifest('referred', 'subject')
  const refers = { mediaType: types.manifest, digest: subject, size: 100 }
  const signature = await client.manifest('referred', undefined, {
    subject: refers,
    artifactType: 'a/signature',
    annotations: { by: 'me' },
  })
  await client.manifest('referred', undefined, { subject: refers, artifactType: 'a/sbom' })
  const all = jsonOf<{ manifests: { artifactType: string }[] }>(await client.expect(200, `GET /v2/referred/referrers/${subject}`))
  assert.deepEqual(all.manifests.map(({ artifactType }) => artifactType).toSorted(), ['a/sbom', 'a/signature'])
  const some = await client.expect(200, `GET /v2/referred/referrers/${subject}?artifactType=a/signature`)
  assert.deepEqual([some.headers['oci-filters-applied'], some.headers['content-type']], ['artifactType', types.index])
  assert.deepEqual(
    jsonOf<{ manifests: { digest: string; annotations: object }[] }>(some).manifests.map(({ digest, annotations }) => [
      digest,
      annotations,
    ]),
    [[signature, { by: 'me' }]],
  )
  await client.expect(202, `DELETE /v2/referred/manifests/${signature}`)
  assert.equal(jsonOf<{ manifests: unknown[] }>(await client.expect(200, `GET /v2/referred/referrers/${subject}`)).manifests.length, 1)
  assert.deepEqual(jsonOf<{ manifests: unknown[] }>(await client.expect(200, `GET /v2/nobody/referrers/${subject}`)).manifests, [])
  await client.expect(400, 'GET /v2/referred/referrers/latest')

  const later = digestOf('comes later')
  const body = { subject: { mediaType: types.manifest, digest: later, size: 11 } }
  const config = { mediaType: 'a/config', digest: await client.blob('referred', '{}'), size: 2 }
  const text = JSON.stringify({ schemaVersion: 2, config, layers: [], ...body })
  const put = await client.expect(201, `PUT /v2/referred/manifests/${digestOf(text)}`, {
    headers: { 'content-type': types.manifest },
    body: text,
  })
  assert.equal(put.headers['oci-subject'], later)
})

test('pages in a browser and other methods are refused', async () => {
  assert.deepEqual((await client.expect(403, 'GET /v2/', { headers: { origin: 'http://evil.example' } })).errors, ['DENIED'])
  assert.deepEqual((await client.expect(403, 'GET /v2/', { headers: { host: 'evil.example' } })).errors, ['DENIED'])
  await client.expect(200, 'GET /v2/', { headers: { host: 'localhost:1234' } })
  assert.deepEqual((await client.expect(405, 'PUT /v2/a/tags/list', { body: '' })).errors, ['UNSUPPORTED'])
  await client.expect(404, 'GET /v2/a/b/c')
  await client.expect(404, 'GET /')
})

test('names, digests and upload ids do not lead out of the store', async () => {
  const secret = `${instance.data}/local.sqlite`
  assert.ok(existsSync(secret))
  const before = readdirSync(instance.data)
  const piece = fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '/',
    '\\',
    '%00',
    '_tags',
    '_blobs',
    'a',
    'local.sqlite',
    '~',
    ';',
    '%c0%af',
    'sha256:',
    ' '.trim(),
  )
  const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'))
  const shapes = [
    (x: string) => `GET /v2/${x}/blobs/${digestOf('x')}`,
    (x: string) => `GET /v2/a/blobs/${x}`,
    (x: string) => `GET /v2/a/blobs/uploads/${x}`,
    (x: string) => `DELETE /v2/a/blobs/uploads/${x}`,
    (x: string) => `GET /v2/${x}/manifests/latest`,
    (x: string) => `GET /v2/a/manifests/${x}`,
    (x: string) => `DELETE /v2/a/manifests/${x}`,
    (x: string) => `POST /v2/${x}/blobs/uploads/?digest=${digestOf('')}`,
    (x: string) => `POST /v2/a/blobs/uploads/?mount=${digestOf('x')}&from=${x}`,
    (x: string) => `GET /v2/a/referrers/${x}`,
  ]
  const property = fc.asyncProperty(fc.constantFrom(...shapes), text, async (shape, x) => {
    const { status, body } = await client.ask(shape(x))
    assert.ok(status < 500, `${shape(x)}: ${status}`)
    assert.ok(!body.includes('SQLite format'))
  })
  await fc.assert(property, { numRuns: 300 })
  assert.deepEqual(readdirSync(instance.data), before)
})
