import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createNetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { jsonLog } from '#base/log.ts'
import { hijack, join } from './hijack.ts'
import { readJson } from './route.ts'
import { serveDocker } from './server.ts'

const home = mkdtempSync(`${tmpdir()}/galley-hijack-`)
const echo = serveDocker(
  createServer(),
  {
    'POST /echo': async (call) => {
      const { word } = await readJson(call)
      const stream = await hijack(call, true)
      stream.write(`${String(word)}\n`)
      stream.pipe(stream)
    },
    'POST /breaks': async (call) => {
      await hijack(call, true)
      throw new GalleyError('unavailable', 'what was to be said went away')
    },
  },
  jsonLog(assert.fail, () => 0),
)
echo.listen(`${home}/socket`)

after(() => {
  echo.close()
  rmSync(home, { recursive: true, force: true })
})

/** Sends the pieces one by one, then ends its side; resolves with all that came. */
async function exchange(...pieces: string[]): Promise<string> {
  const socket = connect({ path: `${home}/socket`, allowHalfOpen: true })
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  for (const piece of pieces) {
    socket.write(piece)
    await sleep(systemClock, 20)
  }
  socket.end()
  await new Promise((resolve) => socket.on('close', resolve))
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 15\r\n\r\n'
const body = '{"word":"helo"}'

test('an upgraded connection carries both ways, however the request is cut into packets', async () => {
  assert.equal(await exchange(head + body, 'more'), 'helo\nmore')
  assert.equal(await exchange(head, body, 'more'), 'helo\nmore')
  assert.equal(await exchange(head, `${body}at once`), 'helo\nat once')
  assert.equal(await exchange(head.slice(0, 30), head.slice(30) + body.slice(0, 4), `${body.slice(4)}at once`), 'helo\nat once')
  assert.equal(await exchange(`${head}${body}at once`), 'helo\nat once')
})

test('a connection without an upgrade carries both ways, too, as soon as the client has the head', async () => {
  for (const wait of [0, 1, 20]) {
    const socket = connect({ path: `${home}/socket`, allowHalfOpen: true })
    socket.write(`POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n${body}`)
    let answer = ''
    const begun = new Promise((resolve) => socket.on('data', (chunk) => resolve((answer += String(chunk)))))
    await begun
    if (wait > 0) await sleep(systemClock, wait)
    // Also what looks like another request.
    socket.end('GET /more HTTP/1.1\r\n\r\n')
    await new Promise((resolve) => socket.on('close', resolve))
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nhelo\nGET \/more HTTP\/1.1\r\n\r\n$/)
  }
})

test('a connection carries both ways though its client asks for an upgrade by half', async () => {
  const half = head.replace('Connection: Upgrade\r\n', '')
  assert.equal(await exchange(half + body, 'more', ' and more'), 'helo\nmore and more')
})

test('nothing comes along with the answer’s head, however late a client reads that (docker-py reads past its own buffer then)', async () => {
  const socket = connect({ path: `${home}/socket` }).pause()
  socket.write(head + body)
  await sleep(systemClock, 20)
  const [first] = (await once(socket.resume(), 'data')) as [Buffer]
  socket.destroy()
  assert.match(first.toString(), /^HTTP\/1.1 101 [^]*\r\n\r\n$/)
})

test('a connection that could not be upgraded ends with the answer, rather than wait for requests that nobody reads', async () => {
  const socket = connect({ path: `${home}/socket` })
  socket.write('POST /nosuch HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n')
  // Ends with the server's side alone: this side says nothing more.
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1.1 404 .*\r\nConnection: close\r\n.*page not found/s)
})

test('a stream whose request fails after its head was sent is cut off', async () => {
  for (const upgrade of ['', 'Connection: Upgrade\r\nUpgrade: tcp\r\n']) {
    const socket = connect({ path: `${home}/socket`, allowHalfOpen: true })
    socket.write(`POST /breaks HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Length: 0\r\n\r\n`)
    assert.match(await text(socket), upgrade === '' ? /^HTTP\/1.1 200 [^]*\r\n\r\n$/ : /^HTTP\/1.1 101 [^]*\r\n\r\n$/)
    socket.destroy()
  }
})

/** Both ends of a connection, which each can end by itself. */
async function pair(name: string): Promise<[Socket, Socket]> {
  const server = createNetServer({ allowHalfOpen: true }).listen(`${home}/${name}`)
  await once(server, 'listening')
  const near = connect({ path: `${home}/${name}`, allowHalfOpen: true })
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  return [near, far]
}

test('a client that ended its input before it was joined has ended the process’s', async () => {
  const [process, keeper] = await pair('early-process')
  const [client, user] = await pair('early-client')
  user.end()
  // As Node does where nothing was read yet: the end is told when it comes, whoever listens.
  await once(client, 'end')
  const joined = join(client, process, { detachKeys: undefined })
  await once(keeper.resume(), 'end')
  keeper.end('after the end')
  assert.equal(await text(user), 'after the end')
  await joined
})

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

test(
  'a client that has more to say than its process took is read on when that has ended, so that it is seen to go',
  { timeout: 120_000 },
  async () => {
    const [process, keeper] = await pair('process-full')
    const [client, user] = await pair('client-full')
    const joined = join(client, process, { detachKeys: undefined })
    user.on('error', () => undefined).write(Buffer.alloc(8 << 20))
    while (!client.isPaused()) await sleep(systemClock, 5)
    keeper.destroy()
    await joined
    user.destroy()
    if (!client.closed) await once(client, 'close')
  },
)
