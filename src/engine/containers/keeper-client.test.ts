import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { test, type TestContext } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { LineBuffer } from '#base/line-buffer.ts'
import type { Numbered, ProcessSpec, Request } from '#keeper/protocol.ts'
import { KeeperClient } from './keeper-client.ts'

const process: ProcessSpec = { id: 'one', command: ['/bin/true'], directory: '/nowhere', stdin: false, stdinOnce: false }
const events = { running() {}, oom() {}, exit() {}, lost() {} }

/** A keeper that holds nothing; which of its requests it answers is for a test to say. */
class Keeper {
  readonly requests: Request['op'][] = []
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  /** Whether it dies, instead of answering, when it is asked to start something. */
  readonly #diesOfStart: boolean

  constructor(path: string, diesOfStart = false) {
    this.#diesOfStart = diesOfStart
    this.#server = createServer((socket) => this.#serve(socket)).listen(path)
  }

  async listening(): Promise<this> {
    await once(this.#server, 'listening')
    return this
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const lines = new LineBuffer()
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => lines.push(text).forEach((line) => this.#answer(socket, line)))
  }

  #answer(socket: Socket, line: string): void {
    const { op, number } = JSON.parse(line) as Numbered<Request>
    this.requests.push(op)
    if (op === 'watch') socket.write('{"type":"ready"}\n')
    else if (op === 'start' && this.#diesOfStart) this.die()
    else socket.write(`${JSON.stringify({ ok: true, pid: 7, number })}\n`)
  }

  /** The kernel closes what it had open at once; whoever is connected hears of it in its own time. */
  die(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

async function scene(t: TestContext, diesOfStart = false) {
  const home = mkdtempSync(`${tmpdir()}/galley-client-`)
  const path = `${home}/keeper.sock`
  const clock = new FakeClock()
  const client = new KeeperClient(path, clock)
  const first = await new Keeper(path, diesOfStart).listening()
  await client.watch(events)
  client.settled()
  t.after(() => {
    client[Symbol.dispose]()
    rmSync(home, { recursive: true })
  })
  const replace = async (): Promise<Keeper> => {
    const next = await new Keeper(path).listening()
    t.after(() => next.die())
    await client.watch(events)
    client.settled()
    return next
  }
  return { client, clock, first, replace }
}

test('what a keeper that has died can not have read is started by the next one, once, also where that one is slow to come', async (t) => {
  const { client, clock, first, replace } = await scene(t)
  first.die()
  // Nobody has heard of its death yet.
  assert.equal(client.connected, true)
  const answer = client.start(process)
  while (clock.waiting === 0) await sleep(systemClock, 5)
  await clock.advance(9000)
  const next = await replace()
  assert.deepEqual(await answer, { ok: true, pid: 7, number: 2 })
  assert.equal(client.hasAsked('one'), true)
  assert.deepEqual([first.requests, next.requests], [['watch'], ['watch', 'start']])
})

test('what a keeper may have begun when it died is started by nobody else', async (t) => {
  const { client, first, replace } = await scene(t, true)
  await assert.rejects(client.start(process), { kind: 'unavailable', message: 'the keeper is being restarted' })
  const next = await replace()
  await sleep(systemClock, 50)
  assert.deepEqual([first.requests, next.requests], [['watch', 'start'], ['watch']])
})

test('a start whose attach went with the keeper fails', async (t) => {
  const { client, first, replace } = await scene(t)
  first.die()
  await assert.rejects(client.start(process, 3), { kind: 'unavailable', message: 'the keeper is being restarted' })
  assert.deepEqual((await replace()).requests, ['watch'])
})
