import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { Instance } from './instance.ts'

/** Attaching over WebSockets: Node's own client, and the one that docker-py uses where this machine has it. */
const instance = new Instance()
const { ok } = instance

/** A TCP port before the instance's socket, as browsers' clients know no others. */
const relay = createServer({ allowHalfOpen: true }, (client) => {
  const door = connect({ path: instance.door, allowHalfOpen: true })
  client.on('error', () => door.destroy()).pipe(door)
  door.on('error', () => client.destroy()).pipe(client)
})

function url(container: string, query: string, version = '1.51'): string {
  return `ws://127.0.0.1:${(relay.address() as AddressInfo).port}/v${version}/containers/${container}/attach/ws?${query}`
}

/** A client that has attached, and what it has been told. */
class Client {
  readonly #socket: WebSocket
  received = ''
  readonly kinds = new Set<string>()
  close: { readonly code: number; readonly clean: boolean } | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', (event) => {
      const data = event.data as string | ArrayBuffer
      this.kinds.add(typeof data === 'string' ? 'text' : 'binary')
      this.received += typeof data === 'string' ? data : Buffer.from(data).toString()
    })
    socket.addEventListener('close', ({ code, wasClean }) => (this.close = { code, clean: wasClean }))
  }

  send(data: string | Buffer<ArrayBuffer>): void {
    this.#socket.send(data)
  }

  leave(): void {
    this.#socket.close()
  }

  async reads(pattern: RegExp): Promise<void> {
    await instance.until(
      () => this.received,
      (text) => pattern.test(text),
    )
  }

  async ends(): Promise<{ readonly code: number; readonly clean: boolean } | undefined> {
    return await instance.until(
      () => this.close,
      (close) => close !== undefined,
    )
  }
}

async function attached(container: string, query: string, version?: string): Promise<Client> {
  const socket = new WebSocket(url(container, query, version))
  const client = new Client(socket)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('no WebSocket')))
  })
  return client
}

describe('attach over a WebSocket', () => {
  before(async () => {
    await instance.start()
    await instance.importBox()
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
  })

  after(async () => {
    relay.close()
    await instance.stop()
  })

  test('carries input and both outputs as they are, and closes normally when the container ends', async () => {
    await ok('create', '-i', '--name', 'pipe', 'box', 'sh', '-c', 'echo begun; echo wrong >&2; read line; echo "got $line"')
    const client = await attached('pipe', 'stream=1&stdin=1&stdout=1&stderr=1')
    await ok('start', 'pipe')
    await client.reads(/begun/)
    client.send(Buffer.from('a line\n'))
    assert.deepEqual(await client.ends(), { code: 1000, clean: true })
    assert.deepEqual(client.received.split('\n').toSorted(), ['', 'begun', 'got a line', 'wrong'])
    assert.deepEqual([...client.kinds], ['binary'])
  })

  test('carries a terminal, and closes at the detach keys while the container goes on', async () => {
    await ok('run', '-dit', '--name', 'terminal', 'box', 'sh')
    const client = await attached('terminal', 'stream=1&stdin=1&stdout=1&stderr=1&detachKeys=ctrl-x,x')
    client.send('echo $((6*7))\n')
    await client.reads(/42/)
    client.send('\u0018x')
    assert.deepEqual(await client.ends(), { code: 1000, clean: true })
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'terminal'), 'running')
    const events = async (): Promise<string> => ok('events', '--since', '1m', '--until', '0s', '--filter', 'event=detach')
    await instance.until(events, (text) => text.includes('container detach'))
  })

  test('tells what was written before', async () => {
    await ok('run', '--name', 'past', 'box', 'sh', '-c', 'echo one; echo two >&2')
    const client = await attached('past', 'logs=1&stdout=1')
    assert.deepEqual(await client.ends(), { code: 1000, clean: true })
    assert.equal(client.received, 'one\n')
  })

  test('carries much in both ways', async () => {
    await ok('run', '-di', '--name', 'mirror', 'box', 'cat')
    const client = await attached('mirror', 'stream=1&stdin=1&stdout=1')
    const block = Buffer.from(`${'0123456789abcdef'.repeat(4095)}----------------`)
    for (let count = 0; count < 64; count++) client.send(block)
    await instance.until(
      () => client.received.length,
      (length) => length === 64 * block.length,
    )
    assert.equal(client.received, block.toString().repeat(64))
    client.leave()
    await client.ends()
    // The container's input stays open for the next one.
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'mirror'), 'running')
    const next = await attached('mirror', 'stream=1&stdin=1&stdout=1')
    next.send('again\n')
    await next.reads(/^again\n$/)
    next.leave()
    await next.ends()
  })

  test('sends text to clients of old versions, characters whole', async () => {
    await ok('run', '-di', '--name', 'old', 'box', 'cat')
    const client = await attached('old', 'stream=1', '1.27')
    const letters = Buffer.from('그릇 하나\n')
    for (const byte of letters) client.send(Buffer.from([byte]))
    await client.reads(/그릇 하나\n/)
    assert.deepEqual([...client.kinds], ['text'])
    client.leave()
  })

  test('answers a request that is none, and a container that is none, as HTTP does', async () => {
    const http = (path: string): Promise<Response> => fetch(url(path, 'stream=1').replace('ws:', 'http:'))
    assert.equal((await http('pipe')).status, 400)
    assert.equal((await http('nobody')).status, 404)
    await assert.rejects(attached('nobody', 'stream=1'))
    await ok('pause', 'mirror')
    await assert.rejects(attached('mirror', 'stream=1'))
    await ok('unpause', 'mirror')
  })

  test("speaks with docker-py's client", async (context) => {
    const python = '/usr/bin/python3'
    if ((await instance.command(python, ['-c', 'import websocket'])).code !== 0)
      return context.skip('this machine has no python3-websocket')
    const program = `
import socket, websocket
door = socket.socket(socket.AF_UNIX); door.connect('${instance.door}')
ws = websocket.create_connection('ws://localhost/v1.41/containers/mirror/attach/ws?stream=1', socket=door)
ws.send('from Python\\n'); print(ws.recv().decode(), end=''); ws.close()`
    const { out, err } = await instance.command(python, ['-c', program])
    assert.equal(out, 'from Python\n', err)
    return undefined
  })
})
