import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { jsonLog } from '#base/log.ts'
import { ownHeaders } from './error.ts'
import { filters, readJson, sendJson } from './route.ts'
import { serveDocker } from './server.ts'

const home = mkdtempSync(`${tmpdir()}/galley-server-`)
const server = serveDocker(
  createServer(),
  {
    'GET /thing/{id}': (call) => sendJson(call, 200, { id: call.params['id'], filters: [...filters(call.query)] }),
    'POST /thing': async (call) => sendJson(call, 200, await readJson(call)),
    'POST /full': async (call) => {
      for await (const _ of call.body) throw new GalleyError('unavailable', 'no space left on device')
    },
    'GET /half': async (call) => {
      await new Promise((resolve) => call.response.writeHead(200).write('half of it', resolve))
      throw new GalleyError('unavailable', 'the disk went away')
    },
    'POST /beginning': async (call) => {
      for await (const _ of call.body) break
      sendJson(call, 200, {})
    },
  },
  jsonLog(assert.fail, () => 0),
)
server.listen(`${home}/socket`)

after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(home, { recursive: true, force: true })
})

/** Sends bytes and ends; resolves with all that came back. */
async function answerTo(sent: string | Uint8Array): Promise<string> {
  const socket = connect({ path: `${home}/socket`, allowHalfOpen: true })
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.on('error', () => undefined)
  socket.end(sent)
  await happens(socket, 'close')
  return answer
}

/** Like `once` of node:events, but an error in between is no failure. */
const happens = (socket: Socket, ...events: readonly ('close' | 'drain')[]): Promise<void> =>
  new Promise((resolve) => events.forEach((event) => socket.once(event, resolve)))

const get = (target: string): Promise<string> => answerTo(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

test('a target that is no URL is the client’s mistake, never a failure of ours', async () => {
  for (const target of ['/thing/%zz', '/thing/%ff', 'http://[:::/thing/x', 'nothing:'])
    assert.match(await get(target), /^HTTP\/1\.1 40[04]/)
  // Two slashes would name a host in a reference, and hide a part of the path from who checks it.
  assert.equal(statusOf(await get('//thing/x')), 404)
  assert.match(await get('/thing/..%2f..%2fx'), /"id":"\.\.\/\.\.\/x"/)
})

test('an answer that breaks off is cut off: nobody takes what came for all of it', async () => {
  const answer = await get('/half')
  assert.match(answer, /half of it/)
  // The last chunk of a whole one is empty.
  assert.doesNotMatch(answer, /\r\n0\r\n/)
})

test('advice about whatever text can be sent', () => {
  const error = new GalleyError('invalid', 'no', { advice: 'not \ud800' })
  assert.equal(decodeURIComponent(ownHeaders(error)['galley-advice'] ?? ''), 'not \ufffd')
})

test('filters of the wrong shape are refused', async () => {
  for (const text of ['[]', '5', '{', '{"a":null}', '{"a":5}', '{"a":[1]}'])
    assert.equal(statusOf(await get(`/thing/x?filters=${encodeURIComponent(text)}`)), 400, text)
  assert.match(
    await get(`/thing/x?filters=${encodeURIComponent('{"a":["b"],"c":{"d":true,"e":false}}')}`),
    /\[\["a",\["b"\]\],\["c",\["d"\]\]\]/,
  )
})

test('a refusal waits for the body that follows, and the connection goes on', { timeout: 120_000 }, async () => {
  const socket = connect({ path: `${home}/socket` })
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.write('POST /nosuch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n')
  await sleep(systemClock, 50)
  socket.write('{}')
  socket.write('GET /thing/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await happens(socket, 'close')
  assert.match(answer, /^HTTP\/1\.1 404 [^]*HTTP\/1\.1 200 OK/)
})

test('an oversized body is refused, read no further than that, and its sender cut off (CVE-2024-41110)', { timeout: 120_000 }, async () => {
  const socket = connect({ path: `${home}/socket` })
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.on('error', () => undefined)
  socket.write(`POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 ** 40}\r\n\r\n`)
  const megabyte = Buffer.alloc(1 << 20, ' ')
  for (let sent = 0; sent < 100 && !socket.destroyed; sent++) if (!socket.write(megabyte)) await happens(socket, 'drain', 'close')
  if (!socket.closed) await happens(socket, 'close')
  assert.equal(statusOf(answer), 413)
  assert.ok(socket.bytesWritten - socket.writableLength < 16 << 20, `${socket.bytesWritten} were taken`)
})

/** Sends a head and a body of `megabytes`, and reads nothing before all of that is sent, as Python's clients do. */
async function upload(path: string, megabytes: number): Promise<{ socket: Socket; answer: () => string }> {
  const socket = connect({ path: `${home}/socket` })
  let answer = ''
  socket.setEncoding('utf8').pause()
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${megabytes << 20}\r\n\r\n`)
  for (let sent = 0; sent < megabytes; sent++) if (!socket.write(Buffer.alloc(1 << 20))) await happens(socket, 'drain', 'close')
  socket.on('data', (text: string) => (answer += text)).resume()
  return { socket, answer: () => answer }
}

test('an upload that fails in the middle may be sent to its end, and is told why', { timeout: 120_000 }, async () => {
  const { socket, answer } = await upload('/full', 40)
  await happens(socket, 'close')
  assert.equal(statusOf(answer()), 503)
  assert.match(answer(), /no space left on device/)
})

test('a body that a handler leaves in the middle does not stand in the way of the next request', { timeout: 120_000 }, async () => {
  const { socket, answer } = await upload('/beginning', 3)
  socket.write('GET /thing/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await happens(socket, 'close')
  assert.match(answer(), /^HTTP\/1\.1 200 .*"id":"next"/s)
})

test('a body that is no JSON object is refused', async () => {
  for (const body of ['{', '[]', '5', '"x"', `${'['.repeat(100_000)}`, 'image=x'])
    assert.equal(statusOf(await answerTo(post(body))), 400, body.slice(0, 20))
  assert.match(await answerTo(post('{"__proto__":{"a":1}}')), /\{"__proto__":\{"a":1\}\}/)
})

test('a body of another type is refused, as a page in a browser can send one anywhere', async () => {
  const refusal = /unsupported Content-Type header \(text\/plain\): must be 'application\/json'/
  assert.match(await answerTo(post('{}', 'text/plain')), refusal)
  for (const type of ['application/json', 'Application/JSON; charset=utf-8', null])
    assert.equal(statusOf(await answerTo(post('{}', type))), 200, String(type))
  assert.equal(statusOf(await answerTo(post('', 'text/plain'))), 200)
})

test('what is wrong with a body is said as Docker says it', async () => {
  const looking = /"invalid JSON: invalid character 'i' looking for beginning of object key string"/
  assert.match(await answerTo(post('{invalid json')), looking)
  assert.match(await answerTo(post('{} trailing content')), /"unexpected content after JSON"/)
  assert.match(await answerTo(post('{"a":')), /"invalid JSON: unexpected EOF"/)
  assert.match(await answerTo(post('{"a":}')), /"invalid JSON: Unexpected token '}'/)
})

const post = (body: string, type: string | null = 'application/json'): string => {
  const length = `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}`
  return `POST /thing HTTP/1.1\r\nHost: x\r\n${type === null ? '' : `Content-Type: ${type}\r\n`}${length}\r\n\r\n${body}`
}

test('garbage, half requests and smuggled ones are refused, and the next client is served', async () => {
  const request = Buffer.from(post('{"a":"b"}'))
  const damaged = fc.array(fc.tuple(fc.nat(request.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }).map((changes) => {
    const bytes = Buffer.from(request)
    for (const [at, value] of changes) bytes[at] = value
    return bytes
  })
  const half = fc.nat(request.length - 1).map((length) => request.subarray(0, length))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged, half), async (bytes) => {
      const status = statusOf(await answerTo(bytes))
      assert.ok(Number.isNaN(status) || status < 500 || status === 505, String(status))
    }),
    { numRuns: 300 },
  )
  const both = 'POST /thing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}'
  assert.equal(statusOf(await answerTo(both)), 400)
  assert.match(await answerTo(`GET /thing/x HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(1 << 20)}\r\n\r\n`), /^(HTTP\/1\.1 431|$)/)
  assert.equal(statusOf(await get('/thing/x')), 200)
})
