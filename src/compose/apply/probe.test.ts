import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { probe, type Answer } from './probe.ts'

/** What is found of a server that writes this to whoever asks; nothing of one that hangs up. */
async function found(answer: string | undefined): Promise<Answer> {
  const server = createServer((socket) => void (answer === undefined ? socket.destroy() : socket.end(answer)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await probe('127.0.0.1', (server.address() as AddressInfo).port, { clock: systemClock, patience: 100_000 })
  } finally {
    server.close()
  }
}

test('a web server is told from one that answers with an error of its own, from another protocol, and from nobody', async () => {
  assert.equal(await found('HTTP/1.1 404 Not Found\r\n\r\n'), 'http')
  assert.equal(await found('HTTP/1.1 500 Internal Server Error\r\n\r\n'), 'failing')
  assert.equal(await found('HTTP/1.0 503 x\r\n\r\n'), 'failing')
  assert.equal(await found('+OK hello\r\n'), 'other')
  assert.equal(await found(undefined), 'nothing')
})
