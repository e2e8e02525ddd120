import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, Socket, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { listenerOf, takeDescriptor } from '#host/process/listeners.ts'
import { HeldListeners } from './held-listeners.ts'

/** A daemon's connection with the keeper; it dies by `destroy`. */
const daemon = (): Socket => new Socket()

/** What a daemon held and left when it died, and a client. */
async function leftBehind(t: TestContext) {
  const clock = new FakeClock()
  const listeners = new HeldListeners(clock)
  t.after(() => listeners.releaseAll())
  const [first, server] = [daemon(), createServer().listen(0, '127.0.0.1')]
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  listeners.hold('door', { address: 'here', ...listenerOf(server) }, first)
  await Promise.all([once(first.destroy(), 'close'), once(server.close(), 'close')])
  /** Resolves with what it is answered, or why it is not. */
  const asks = (): Promise<string> => text(connect(port, '127.0.0.1')).catch((error: NodeJS.ErrnoException) => error.code ?? '')
  return { clock, listeners, asks }
}

/** Listens as the next daemon does, and answers. */
async function next(t: TestContext, listeners: HeldListeners): Promise<void> {
  const found = listeners.find('door', 'here')
  assert.ok(found !== undefined)
  const server = createServer((socket) => socket.end('answered')).listen({ fd: takeDescriptor(found) })
  t.after(() => server.close())
  await once(server, 'listening')
  listeners.hold('door', { address: 'here', ...listenerOf(server) }, daemon())
}

test('a client that comes when the daemon has died is answered by the next one, which keeps the door for those after it', async (t) => {
  const { clock, listeners, asks } = await leftBehind(t)
  const answer = asks()
  await next(t, listeners)
  assert.equal(await answer, 'answered')
  assert.equal(clock.waiting, 0)
  await clock.advance(60_000)
  assert.notEqual(listeners.find('door', 'here'), undefined)
})

test('where no daemon comes, clients are refused in the end, also those who have waited', async (t) => {
  const { clock, asks } = await leftBehind(t)
  const answer = asks()
  await clock.advance(29_999)
  assert.equal(clock.waiting, 1)
  await clock.advance(1)
  assert.match(await answer, /ECONNRE(SET|FUSED)/)
  assert.equal(await asks(), 'ECONNREFUSED')
})

test('clients are refused at once when the daemon ends on purpose', async (t) => {
  const { clock, listeners, asks } = await leftBehind(t)
  listeners.releaseAll()
  assert.equal(await asks(), 'ECONNREFUSED')
  assert.equal(clock.waiting, 0)
})

test('a daemon that listens elsewhere finds nothing, and what was left is let go', async (t) => {
  const { listeners, asks } = await leftBehind(t)
  assert.equal(listeners.find('door', 'there'), undefined)
  assert.equal(await asks(), 'ECONNREFUSED')
})

test('a daemon that dies before it listens there too does not make clients wait longer', async (t) => {
  const { clock, listeners } = await leftBehind(t)
  await clock.advance(20_000)
  const [second, server] = [daemon(), createServer().listen(0, '127.0.0.1')]
  await once(server, 'listening')
  listeners.hold('other', { address: 'there', ...listenerOf(server) }, second)
  await Promise.all([once(second.destroy(), 'close'), once(server.close(), 'close')])
  await clock.advance(10_000)
  assert.equal(listeners.find('door', 'here'), undefined)
  assert.notEqual(listeners.find('other', 'there'), undefined)
})
