import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type ClientHttp2Stream, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { Caller, OpenCall } from './caller.ts'
import { frame } from './frames.ts'

/** A frame of HTTP/2 (RFC 9113, section 4.1) of stream 1, or of the connection. */
function http2Frame(type: number, flags: number, payload: Buffer, stream = 1): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Fields as RFC 7541 writes those that are in no table (section 6.2.2); `:status: 200` has a number. */
function fields(all: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
  return Buffer.concat(Object.entries(all).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

/** A server that ends a call as Go's do while its caller has not ended its own side: all of the answer and a reset (NO_ERROR) at once. */
function calling(answer: { readonly messages: readonly Buffer[]; readonly trailers: Readonly<Record<string, string>> }) {
  const begun = Buffer.concat([
    http2Frame(4, 0, Buffer.alloc(0), 0),
    http2Frame(1, 4, Buffer.concat([Buffer.from([0x88]), fields({ 'content-type': 'application/grpc' })])),
    ...answer.messages.map((message) => http2Frame(0, 0, frame(message))),
  ])
  const ended = Buffer.concat([http2Frame(1, 5, fields(answer.trailers)), http2Frame(3, 0, Buffer.alloc(4))])
  const [own, other] = duplexPair()
  other.once('data', () => {
    other.write(begun)
    // When the caller has read what came.
    setTimeout(() => other.write(ended), 50)
  })
  // As in a client's session, the connection is one within another: all that comes at once is taken in at once.
  const session = connect('http://localhost', { createConnection: () => own })
  session.on('error', () => undefined)
  return {
    call: new Caller(session).open('/test/Call', {}, new AbortController().signal),
    [Symbol.dispose]() {
      session.destroy()
      other.destroy()
    },
  }
}

test('a call that is reset right after its end gives all that came, and how it ended', async () => {
  const messages = Array.from({ length: 40 }, (_, index) => Buffer.alloc(1000, index))
  using server = calling({ messages, trailers: { 'grpc-status': '0' } })
  const received: Buffer[] = []
  for await (const message of server.call.received) received.push(Buffer.from(message))
  assert.deepEqual(received, messages)
})

test('what the other side ends a call with is told, also when it resets the call', async () => {
  using server = calling({ messages: [], trailers: { 'grpc-status': '5', 'grpc-message': 'no access' } })
  await assert.rejects(async () => {
    for await (const _message of server.call.received);
  }, /no access/)
})

test('a call that Node says was aborted before it tells of the trailers, as it does when all comes within one turn, has ended well', async () => {
  const stream = new Duplex({ emitClose: false, read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const call = new OpenCall(Object.assign(stream, { aborted: false, close: () => stream }) as unknown as ClientHttp2Stream, '/test/Call', {
    ...new AbortController().signal,
    addEventListener: () => undefined,
  } as unknown as AbortSignal)
  call.finish()
  await once(stream, 'finish')
  const all = Array.fromAsync(call.received)
  stream.push(frame(Buffer.from('message')))
  await new Promise(setImmediate)
  stream.push(null)
  stream.emit('aborted')
  process.nextTick(() => stream.emit('trailers', { 'grpc-status': '0' }))
  assert.deepEqual((await all).map(String), ['message'])
})

test('a call whose other side goes away without a word is said to be over', async () => {
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) => stream.session?.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  session.on('error', () => undefined)
  await assert.rejects(async () => {
    for await (const _message of new Caller(session).open('/test/Call', {}, new AbortController().signal).received);
  }, /the client went away/)
  server.close()
})
