import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, connect, Socket, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { Outputs } from './outputs.ts'
import type { ProcessSpec } from './protocol.ts'

const chunk = Buffer.alloc(1 << 20, 'x')

/** A process's output that a client is attached to which reads nothing. */
class Bench implements Disposable {
  readonly clock = new FakeClock()
  readonly outputs = new Outputs(this.clock, () => undefined)
  readonly source = new Socket()
  readonly server = createServer()
  near: Socket | undefined
  far: Socket | undefined

  async attach(patience: number | undefined): Promise<Socket> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.far = connect((this.server.address() as AddressInfo).port, '127.0.0.1')
    const [near] = (await once(this.server, 'connection')) as [Socket]
    this.near = near
    this.outputs.begin({ id: 'p', command: [], directory: '', stdin: false, stdinOnce: true, patience } satisfies ProcessSpec, true)
    this.outputs.add({ socket: near, stdout: true, stderr: true })
    this.outputs.listen(this.source, 1)
    return near
  }

  /** Writes until the client's share is full. */
  flood(): void {
    for (let sent = 0; sent < 64 && !this.source.isPaused(); sent++) this.source.emit('data', chunk)
  }

  [Symbol.dispose](): void {
    this.near?.destroy()
    this.far?.destroy()
    this.server.close()
  }
}

test('a client that reads nothing holds its process back, and is cut off when patience ends', async () => {
  using bench = new Bench()
  const client = await bench.attach(60_000)
  bench.flood()
  assert.equal(bench.outputs.heldBack, true)
  await bench.clock.advance(59_000)
  assert.equal(client.destroyed, false)
  await bench.clock.advance(1000)
  assert.equal(client.destroyed, true)
  if (!client.closed) await once(client, 'close')
  assert.equal(bench.outputs.heldBack, false)
})

test("an exec session's client is waited for without end, as its output is nowhere else", async () => {
  using bench = new Bench()
  const client = await bench.attach(undefined)
  bench.flood()
  await bench.clock.advance(3_600_000)
  assert.deepEqual([client.destroyed, bench.outputs.heldBack], [false, true])
  bench.far?.resume()
  await once(client, 'drain')
  assert.equal(bench.outputs.heldBack, false)
})
