import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { crash, digestOf, jsonOf, OciClient, types } from './oci-client.ts'

const port = await freePorts()
const instance = new Instance()
const client = new OciClient(port)

before(async () => {
  await instance.start()
  const { code, err } = await instance.galley('registry', 'start', '--listen', `127.0.0.1:${port}`, '--anonymous', 'push')
  assert.equal(code, 0, err)
})
after(() => instance.stop())

function stored(): readonly string[] {
  return readdirSync(`${instance.data}/blobs/sha256`)
}

async function clean(...options: string[]): Promise<string> {
  const { code, out, err } = await instance.galley('registry', 'clean', ...options)
  assert.equal(code, 0, err)
  return out
}

test('an upload that a crash of the daemon cut off goes on where it was', async () => {
  const bytes = randomBytes(3 << 20)
  const at = await client.begin('resumed')
  await client.expect(202, `PATCH ${at}`, { headers: { 'content-range': '0-999999' }, body: bytes.subarray(0, 1_000_000) })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`PATCH ${at} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${bytes.length - 1_000_000}\r\n\r\n`)
  socket.write(bytes.subarray(1_000_000, 2_000_000))
  const size = async (): Promise<number> => Number(String((await client.expect(204, `GET ${at}`)).headers['range']).slice(2)) + 1
  await instance.until(size, (found) => found === 2_000_000)
  await crash(instance, client)
  assert.equal(await size(), 2_000_000)
  await client.expect(416, `PATCH ${at}`, { headers: { 'content-range': '1000000-1999999' }, body: bytes.subarray(1_000_000, 2_000_000) })
  await client.expect(202, `PATCH ${at}`, { headers: { 'content-range': `2000000-${bytes.length - 1}` }, body: bytes.subarray(2_000_000) })
  await client.expect(201, `PUT ${at}?digest=${digestOf(bytes)}`, { body: '' })
  assert.ok((await client.expect(200, `GET /v2/resumed/blobs/${digestOf(bytes)}`)).body.equals(bytes))
})

test('what no manifest names goes when it has waited long enough, and its bytes with it', async () => {
  const kept = await client.manifest('cleaned', '1', {
    layers: [{ mediaType: types.layer, digest: await client.blob('cleaned', 'kept'), size: 4 }],
  })
  const loose = await client.blob('cleaned', 'loose')
  assert.match(await clean(), /0 manifests and 0 blobs/)
  await client.expect(200, `HEAD /v2/cleaned/blobs/${loose}`)
  assert.match(await clean('--hours', '0'), /0 manifests and \d+ blobs/)
  await client.expect(404, `HEAD /v2/cleaned/blobs/${loose}`)
  assert.ok(!stored().includes(loose.slice(7)))
  await client.expect(200, `GET /v2/cleaned/blobs/${digestOf('kept')}`)

  await client.manifest('cleaned', '1', { annotations: { another: 'manifest' } })
  await clean('--hours', '0')
  await client.expect(200, `GET /v2/cleaned/manifests/${kept}`)
  assert.match(await clean('--hours', '0', '--untagged'), /1 manifests and 1 blobs/)
  await client.expect(404, `GET /v2/cleaned/manifests/${kept}`)
  assert.ok(!stored().includes(digestOf('kept').slice(7)))
})

test('a blob that two repositories have stays when one lets it go', async () => {
  const digest = await client.blob('first', 'shared by two')
  await client.manifest('second', '1', {
    layers: [{ mediaType: types.layer, digest: await client.blob('second', 'shared by two'), size: 13 }],
  })
  await client.expect(202, `DELETE /v2/first/blobs/${digest}`)
  await clean('--hours', '0')
  assert.equal((await client.expect(200, `GET /v2/second/blobs/${digest}`)).body.toString(), 'shared by two')
})

test('no push loses a blob to cleaning, or an acknowledged manifest to kill -9', async () => {
  const acknowledged = new Map<string, readonly Buffer[]>()
  const [shared, churned] = [randomBytes(5000), randomBytes(5000)]
  let stop = false
  let failed = 0
  /** Runs rounds of pushes until the end. The daemon is killed meanwhile: the connection breaks, or nobody listens. Anything else is what this test looks for. */
  const repeat = async (task: (round: number) => Promise<void>): Promise<void> => {
    for (let round = 0; !stop; round++) {
      try {
        await task(round)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        failed++
        await instance.until(
          () =>
            stop ||
            client.ask('GET /v2/').then(
              ({ status }) => status === 200,
              () => false,
            ),
          (ready) => ready,
        )
      }
    }
  }
  const lane = (name: string): Promise<void> =>
    repeat(async (round) => {
      const layers = [randomBytes(2000), randomBytes(300_000), shared]
      const named: object[] = []
      for (const bytes of layers) named.push({ mediaType: types.layer, digest: await put(name, bytes), size: bytes.length })
      const config = { mediaType: types.config, digest: await put(name, Buffer.from('{}')), size: 2 }
      const body = JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers: named })
      await client.expect(201, `PUT /v2/${name}/manifests/v${round}`, { headers: { 'content-type': types.manifest }, body })
      acknowledged.set(`${name}/manifests/v${round}`, layers)
    })
  // What one lets go of and collects, another is just pushing.
  const churn = (name: string, bytes: Buffer): Promise<void> =>
    repeat(async () => {
      const path = `/v2/${name}/blobs/${await put(name, bytes)}`
      assert.ok((await client.expect(200, `GET ${path}`)).body.equals(bytes))
      await client.expect(202, `DELETE ${path}`)
    })
  const put = async (name: string, bytes: Buffer): Promise<string> => {
    const digest = digestOf(bytes)
    const known = await client.ask(`HEAD /v2/${name}/blobs/${digest}`)
    if (known.status === 200) return digest
    const at = await client.begin(name)
    await client.expect(202, `PATCH ${at}`, { body: bytes, chunked: true })
    await client.expect(201, `PUT ${at}?digest=${digest}`, { body: '' })
    return digest
  }
  const lanes = [
    ...['a', 'b', 'c'].map((name) => lane(`load/${name}`)),
    ...['a', 'b'].map((name) => churn(`churn/${name}`, churned)),
    churn('churn/shared', shared),
  ]
  // Without waiting, only what a push holds on to keeps a blob: a moment's patience is what a push takes from one request to the next.
  const cleaner = (async () => {
    while (!stop) await instance.galley('registry', 'clean', '--hours', '0.005')
  })()
  for (let kill = 0; kill < 4; kill++) {
    const before = acknowledged.size
    await instance.until(
      () => acknowledged.size,
      (count) => count >= before + 5,
    )
    instance.killDaemon()
  }
  stop = true
  await Promise.all([...lanes, cleaner])
  assert.ok(failed > 0, 'the kills were noticed')
  await instance.until(
    () =>
      client.ask('GET /v2/').then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
  )
  await clean('--hours', '0')
  for (const [path, layers] of acknowledged) {
    const { layers: named } = jsonOf<{ layers: { digest: string }[] }>(await client.expect(200, `GET /v2/${path}`))
    for (const [index, bytes] of layers.entries()) {
      const name = path.split('/manifests/')[0]
      assert.ok((await client.expect(200, `GET /v2/${name}/blobs/${named[index]?.digest}`)).body.equals(bytes), path)
    }
  }
})
