import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { jsonLog } from '#base/log.ts'
import { EventBus } from '#engine/events/bus.ts'
import { sendEvents } from './events.ts'
import { serveDocker } from './server.ts'

const home = mkdtempSync(`${tmpdir()}/galley-events-`)
const events = new EventBus(systemClock)
const server = serveDocker(
  createServer(),
  { 'GET /events': (call) => sendEvents({ events, clock: systemClock }, call) },
  jsonLog(assert.fail, () => 0),
)
server.listen(`${home}/socket`)

after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(home, { recursive: true, force: true })
})

async function answer(query: Record<string, string>): Promise<{ status: number | undefined; body: string }> {
  const asked = request({ socketPath: `${home}/socket`, path: `/events?${new URLSearchParams(query)}` }).end()
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage]
  return { status: response.statusCode, body: await text(response) }
}

/** Which of the events below a filter lets through, by their ids. */
async function through(filters: Record<string, string[]>): Promise<string[]> {
  const { body } = await answer({ since: '0', until: '1', filters: JSON.stringify(filters) })
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { Actor: { ID: string } }).Actor.ID)
}

test('each filter of events lets through what Docker’s does, and an unknown one is refused', async () => {
  const atStart = new EventBus({ ...systemClock, now: () => 500 })
  Object.defineProperty(events, 'past', { value: () => atStart.past() })
  atStart.emit('container', 'start', 'c1', { name: 'web', image: 'nginx:1', tier: 'front' })
  atStart.emit('volume', 'create', 'data')
  atStart.emit('network', 'create', 'n1', { name: 'backend' })
  atStart.emit('image', 'tag', 'sha256:1', { name: 'nginx:1' })
  assert.deepEqual(await through({}), ['c1', 'data', 'n1', 'sha256:1'])
  assert.deepEqual(await through({ volume: ['data'] }), ['data'])
  assert.deepEqual(await through({ network: ['back'] }), ['n1'])
  assert.deepEqual(await through({ container: ['web'] }), ['c1'])
  assert.deepEqual(await through({ image: ['nginx'] }), ['c1', 'sha256:1'])
  assert.deepEqual(await through({ label: ['tier=front', 'toString'] }), [])
  assert.deepEqual(await through({ label: ['tier=front', 'tier'] }), ['c1'])
  assert.deepEqual(await through({ service: ['web'] }), [])
  assert.deepEqual(await through({ scope: ['local'], type: ['network', 'volume'] }), ['data', 'n1'])
  for (const name of ['colour', 'constructor']) assert.equal((await answer({ filters: JSON.stringify({ [name]: ['x'] }) })).status, 400)
  assert.equal((await answer({ since: 'soon' })).status, 400)
})

test('a client that does not read events is cut off, rather than all of them kept for it', { timeout: 120_000 }, async () => {
  const socket = connect(`${home}/socket`)
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'readable')
  await sleep(systemClock, 20)
  const filling = { filling: 'x'.repeat(10_000) }
  for (let count = 0; count < 1000; count++) events.emit('container', 'start', 'c', filling)
  let received = 0
  socket.on('data', (chunk: Buffer) => (received += chunk.length))
  await once(socket, 'close')
  assert.ok(received < 6 << 20, `${received} bytes`)
})
