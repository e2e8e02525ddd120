import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { readLines } from './lines.ts'

/** The answer of a server that sends a line and is then gone. */
async function brokenOff(by: 'death' | 'end'): Promise<http.IncomingMessage> {
  const server = http.createServer((_request, response) => {
    response.write('{"type":"note","text":"begun"}\n')
    if (by === 'end') response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const call = http.get({ port: (server.address() as AddressInfo).port, agent: false })
  const [response] = (await once(call, 'response')) as [http.IncomingMessage]
  server.close()
  server.closeAllConnections()
  return response
}

for (const by of ['death', 'end'] as const) {
  test(`a daemon that ends in the middle (${by}) is told with what to do, not as a bug`, async () => {
    const response = await brokenOff(by)
    const read = async (): Promise<void> => {
      for await (const line of readLines(response)) assert.equal(line.type, 'note')
    }
    await assert.rejects(read(), { code: 'daemon.broke-off', kind: 'unavailable', advice: /run the command again/ })
  })
}
