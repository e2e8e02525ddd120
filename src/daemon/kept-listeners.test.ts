import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Answer } from '#keeper/protocol.ts'
import { KeptListeners } from './kept-listeners.ts'

test('a port that the keeper holds and that can not be fetched there is let go, so that the daemon can listen anew', async (t) => {
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  const { port } = held.address() as AddressInfo
  const told: string[] = []
  const listeners = new KeptListeners({
    // Nobody has so many descriptors open.
    listener: () => Promise.resolve({ pid: process.pid, fd: 1 << 30 }),
    async holdListener(name, listener): Promise<Answer> {
      told.push(`${name} ${listener?.address}`)
      if (listener === undefined) await once(held.close(), 'close')
      return { ok: true }
    },
  })
  const server = createServer()
  t.after(() => server.close())
  const open = async (): Promise<void> => void (await once(server.listen(port, '127.0.0.1'), 'listening'))
  await listeners.listen('tcp', { server, address: () => 'there', open })
  assert.equal(server.listening, true)
  assert.deepEqual(told, ['tcp undefined', 'tcp there'])
})
