import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { join } from './hijack.ts'

const home = mkdtempSync(`${tmpdir()}/galley-hijack-`)

after(() => rmSync(home, { recursive: true, force: true }))

/** Both ends of a connection, which each can end by itself. */
async function pair(name: string): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(`${home}/${name}`)
  await once(server, 'listening')
  const near = connect({ path: `${home}/${name}`, allowHalfOpen: true })
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  return [near, far]
}

test('a process that wrote nothing and had ended before its client was joined ends that client', async () => {
  const [process, keeper] = await pair('process')
  const [client, user] = await pair('client')
  process.pause()
  keeper.end()
  await once(process, 'end')
  await join(client, process, { detachKeys: undefined })
  user.resume()
  await once(user, 'end')
  for (const socket of [process, keeper, client, user]) socket.destroy()
  assert.ok(client.writableFinished)
})
