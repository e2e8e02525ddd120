import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { Input } from './input.ts'

const chunk = Buffer.alloc(1 << 20, 'x')

/** An input with a client, whose own end is `user`. */
class Bench implements AsyncDisposable {
  readonly directory = mkdtempSync(`${tmpdir()}/galley-input-`)
  readonly input = new Input()
  readonly #server = createServer({ allowHalfOpen: true })
  readonly #ends: Socket[] = []

  async connect(): Promise<{ readonly client: Socket; readonly user: Socket }> {
    this.#server.listen(`${this.directory}/socket`)
    await once(this.#server, 'listening')
    const user = connect(`${this.directory}/socket`)
    user.on('error', () => undefined)
    const [client] = (await once(this.#server, 'connection')) as [Socket]
    this.#ends.push(user, client)
    this.input.take(client, () => this.input.end())
    return { client, user }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.input[Symbol.dispose]()
    for (const end of this.#ends) end.destroy()
    this.#server.close()
    await once(this.#server, 'close')
    rmSync(this.directory, { recursive: true })
  }
}

test('a client that had more to say than its process read is not left hanging when that ends', { timeout: 120_000 }, async () => {
  await using bench = new Bench()
  const { client, user } = await bench.connect()
  const reading = bench.input.open(`${bench.directory}/stdin`)
  user.write(chunk)
  while (!client.isPaused()) await sleep(systemClock, 5)
  closeSync(reading)
  bench.input[Symbol.dispose]()
  client.end()
  user.destroy()
  await once(client, 'close')
})

test(
  'what a client sends before its process is there waits with the client, but for a little, and all of it comes',
  { timeout: 120_000 },
  async () => {
    await using bench = new Bench()
    const { client, user } = await bench.connect()
    for (let count = 0; count < 8; count++) user.write(chunk)
    user.end()
    while (!client.isPaused()) await sleep(systemClock, 5)
    assert.ok(client.bytesRead < 3 << 20, `${client.bytesRead} bytes were taken`)
    const reading = bench.input.open(`${bench.directory}/stdin`)
    const counter = spawn('wc', ['-c'], { stdio: [reading, 'pipe', 'inherit'] })
    closeSync(reading)
    assert.ok(counter.stdout)
    assert.equal(Number(await text(counter.stdout)), 8 * chunk.length)
  },
)
