import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { digestOf } from '#base/digest.ts'
import { PushTarget } from './push-target.ts'
import { Registries } from './registries.ts'
import { noSettings } from './settings.ts'

const signal = new AbortController().signal
const blob = randomBytes(6 << 20)
const digest = digestOf(blob)

/** One upload at a registry that cuts the first connection after 2 MiB; `keeps`: it then still has what came. */
async function setUp(keeps: boolean) {
  const state = { received: Buffer.alloc(0), begun: 0, done: '', ranges: [] as (string | undefined)[] }
  const patch = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    state.ranges.push(request.headers['content-range'])
    const { socket } = request
    const first = state.ranges.length === 1
    for await (const chunk of request as AsyncIterable<Buffer>) {
      state.received = Buffer.concat([state.received, chunk])
      if (first && state.received.length >= 2 << 20) return void socket.resetAndDestroy()
    }
    response.writeHead(202, { location: '/upload?state=2' }).end()
  }
  const server = http.createServer((request, response) => {
    const { method, url = '' } = request
    if (method === 'POST') {
      state.begun++
      state.received = Buffer.alloc(0)
      response.writeHead(202, { location: '/upload?state=1' }).end()
    } else if (method === 'PATCH') void patch(request, response).catch(() => undefined)
    else if (method === 'GET' && keeps) response.writeHead(204, { location: url, range: `0-${state.received.length - 1}` }).end()
    else if (method === 'GET') response.writeHead(404).end()
    else {
      state.done = url
      response.writeHead(201).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registries = new Registries({ settings: noSettings, certificates: '/nonexistent', clock: systemClock })
  return {
    state,
    target: new PushTarget(registries.origin(`127.0.0.1:${(server.address() as AddressInfo).port}`), 'a/b'),
    [Symbol.dispose]() {
      registries[Symbol.dispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

const sending = {
  digest,
  size: blob.length,
  bytes: async function* (from: number): AsyncGenerator<Uint8Array> {
    for (let at = from; at < blob.length; at += 65_536) yield blob.subarray(at, at + 65_536)
  },
}

test('an upload that was cut goes on where the registry says that it is', async () => {
  using world = await setUp(true)
  await world.target.upload(sending, { signal, clock: systemClock, onBytes: () => undefined })
  const { begun, received, ranges, done } = world.state
  assert.equal(begun, 1)
  assert.ok(received.equals(blob))
  assert.match(ranges[1] ?? '', new RegExp(`^2\\d{6}-${blob.length - 1}$`))
  assert.equal(done, `/upload?state=2&digest=${encodeURIComponent(digest)}`)
})

test('an upload that the registry has forgotten begins anew', async () => {
  using world = await setUp(false)
  const sent: number[] = []
  await world.target.upload(sending, { signal, clock: systemClock, onBytes: (bytes) => sent.push(bytes) })
  assert.deepEqual([world.state.begun, world.state.ranges], [2, [undefined, undefined]])
  assert.ok(world.state.received.equals(blob))
  assert.equal(sent.at(-1), blob.length)
})
