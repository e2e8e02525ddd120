import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

/** Blocks the thread, as one that gets no processor. */
function stall(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

test('what came while a process had no processor is read before its timers run, and can cancel them', async () => {
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [[Socket], unknown]
  const seen: string[] = []
  const limit = systemClock.after(5, () => seen.push('late'))
  const task = Promise.withResolvers<void>()
  systemClock.after(5, task.resolve)
  client.on('data', () => {
    seen.push('read')
    limit[Symbol.dispose]()
  })
  socket.end('an answer')
  stall(20)
  await task.promise
  assert.deepEqual(seen, ['read'])
})
