import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { isLoopback } from './listener.ts'
import { connectionsTo, listenersOf, parseListeners } from './listeners.ts'

test('addresses of both families are read', () => {
  const head = '  sl  local_address rem_address st'
  assert.deepEqual(
    parseListeners(
      [
        head,
        '   0: 0100007F:0CEA 00000000:0000 0A 0 0 0',
        '   1: 0200A8C0:0050 0100A8C0:AAAA 01 0 0 0',
        '   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A',
        '   3: 0000000000000000FFFF00000100007F:0001 0:0 0A',
        '   4: 00000000000000000000000001000000:0002 0:0 0A',
        '   5: B80D0120000000000000000001000000:0003 0:0 0A',
      ].join('\n'),
    ),
    [
      { address: '127.0.0.1', port: 3306 },
      { address: '::', port: 8080 },
      { address: '::ffff:127.0.0.1', port: 1 },
      { address: '::1', port: 2 },
      { address: '2001:db8::1', port: 3 },
    ],
  )
})

test('a server of our own is found, and known to be on loopback', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const found = listenersOf(process.pid)?.find((listener) => listener.port === port)
  server.close()
  assert.deepEqual(found, { address: '127.0.0.1', port })
  assert.equal(isLoopback(found), true)
})

test('a process that is gone has none', () => {
  assert.equal(listenersOf(2 ** 22 + 1), undefined)
})

test('the kernel tells of both families, and how many connections a port has', async () => {
  const [four, six] = [createServer().listen(0, '0.0.0.0'), createServer().listen(0, '::1')]
  await Promise.all([once(four, 'listening'), once(six, 'listening')])
  const ports = [four, six].map((server) => (server.address() as AddressInfo).port)
  const found = listenersOf(process.pid)?.filter(({ port }) => ports.includes(port))
  assert.deepEqual(found, [
    { address: '0.0.0.0', port: ports[0] },
    { address: '::1', port: ports[1] },
  ])
  // From loopback, they are nobody's from outside.
  assert.equal(connectionsTo(process.pid, ports), 0)
  four.close()
  six.close()
  assert.equal(listenersOf(999_999_999), undefined)
})
