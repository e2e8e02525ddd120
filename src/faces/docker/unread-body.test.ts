import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { endWhileReading } from './unread-body.ts'

for (const [what, limits, go] of [
  ['bytes', { bytes: 1 << 20, time: 1000 }, 'send'],
  ['time', { bytes: 1 << 30, time: 1000 }, 'wait'],
] as const) {
  test(`a body without end is cut off after so much: ${what}`, { timeout: 120_000 }, async () => {
    const clock = new FakeClock()
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    let told = ''
    socket.setEncoding('utf8').on('data', (text: string) => (told += text))
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
    response.setHeader('connection', 'close').writeHead(503, { 'content-length': 3 })
    const ended = endWhileReading(response, Buffer.from('why'), { ...limits, clock })
    if (go === 'send') {
      const chunk = `100000\r\n${'x'.repeat(1 << 20)}\r\n`
      while (!socket.destroyed)
        if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
    } else {
      while (!told.includes('why')) await once(socket, 'data')
      assert.equal(socket.closed, false)
      await clock.advance(1000)
    }
    await ended
    if (!socket.closed) await once(socket, 'close')
    assert.match(told, /why$/)
    server.close()
  })
}
