import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import { after, afterEach, before, test } from 'node:test'
import { Caller } from '#faces/buildkit/grpc/caller.ts'
import { frame } from '#faces/buildkit/grpc/frames.ts'
import type { RpcHandler } from '#faces/buildkit/grpc/serve.ts'
import { buildHistoryEvent, buildHistoryRequest, nothing, updateBuildHistoryRequest } from '#faces/buildkit/messages/control.ts'
import { gatewaySolveRequest, gatewaySolveResponse, returnRequest } from '#faces/buildkit/messages/gateway.ts'
import { packet } from '#faces/buildkit/messages/session.ts'
import { decode, encode } from '#faces/buildkit/wire/message.ts'
import { BuildkitClient, definition, diffCopy, directories } from './buildkit-client.ts'
import { Instance } from './instance.ts'

/** What no real client sends: nothing of it ends the daemon, or leaves a build's own directories. */
const instance = new Instance()
const client = new BuildkitClient(instance.socket)
let pid = 0

before(async () => {
  await instance.start()
  await instance.importBox()
  pid = instance.daemonPid()
})

afterEach(async () => {
  assert.equal(instance.daemonPid(), pid)
  await instance.ok('version')
})

after(async () => {
  client[Symbol.dispose]()
  await instance.stop()
})

function readlinkUnlessGone(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** How a call ends, its body being these bytes. */
function ending(session: ClientHttp2Session, path: string, body: Buffer): Promise<IncomingHttpHeaders> {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' })
  stream.on('error', () => undefined)
  stream.resume()
  stream.end(body)
  return new Promise((resolve) => {
    stream.on('trailers', resolve)
    stream.on('close', () => resolve({}))
  })
}

test('an upgrade to anything else is refused', async () => {
  await assert.rejects(client.upgraded('/grpc', { Upgrade: 'websocket' }), /protocol websocket not supported/)
  await assert.rejects(client.upgraded('/session', { Upgrade: 'foo' }), /protocol foo not supported/)
  await assert.rejects(client.upgraded('/session', { Upgrade: '' }), /no upgrade proto in request/)
  await assert.rejects(client.upgraded('/session'), /needs the header X-Docker-Expose-Session-Uuid/)
})

test('unknown methods and malformed messages are answered as gRPC has it', async () => {
  const session = await client.http2()
  const status = async (path: string, body: Buffer): Promise<unknown> => (await ending(session, path, body))['grpc-status']
  assert.equal(await status('/moby.buildkit.v1.Control/Nothing', frame(Buffer.alloc(0))), '12')
  assert.equal(await status('/constructor', Buffer.alloc(0)), '12')
  assert.equal(await status('/moby.buildkit.v1.Control/Solve', Buffer.alloc(0)), '3')
  assert.equal(await status('/moby.buildkit.v1.Control/Solve', frame(Buffer.from('ffffffffffffffffffffff', 'hex'))), '3')
  assert.equal(await status('/moby.buildkit.v1.Control/Solve', Buffer.from('00000000ff00', 'hex')), '3')
  assert.equal(await status('/moby.buildkit.v1.Control/Solve', Buffer.from('0100000000', 'hex')), '12')
  assert.equal(await status('/moby.buildkit.v1.Control/Solve', Buffer.from('00ffffffff', 'hex')), '8')
  assert.equal(await status('/moby.buildkit.v1.frontend.LLBBridge/Solve', frame(Buffer.alloc(0))), '3')
  session.destroy()
})

test('bytes that are no HTTP/2, and connections that end at once, end nothing else', async () => {
  for (const path of ['/grpc', '/session']) {
    const socket = await client.upgraded(path, { 'X-Docker-Expose-Session-Uuid': 'none' })
    socket.write('GET / HTTP/1.1\r\n\r\nnonsense'.repeat(100))
    await new Promise((resolve) => socket.on('close', resolve).resume())
    ;(await client.upgraded(path, { 'X-Docker-Expose-Session-Uuid': 'gone' })).destroy()
  }
  const session = await client.http2()
  void ending(session, '/moby.buildkit.v1.Control/Solve', frame(Buffer.alloc(10)))
  session.destroy()
})

const dockerfile = definition('FROM box\nCOPY . /all\n')
const file = (path: string) => ({ type: 0, stat: { path, mode: 0o644, size: 5 } })
const end = { type: 0 }

for (const [what, packets] of Object.entries({
  'a path that climbs': [file('../escaped'), end],
  'an absolute path': [file('/escaped'), end],
  'a path with an empty part': [file('a//b'), end],
  'a path through a link': [{ type: 0, stat: { path: 'link', mode: 2 ** 27 + 0o777, link: instance.home } }, file('link/escaped'), end],
  'a path below a file': [file('a'), file('a/b'), end],
  'a path with a zero byte': [file('a\0b'), end],
}))
  test(`${what} from a session is refused`, async () => {
    await assert.rejects(
      client.solve({ [diffCopy]: directories({ dockerfile, context: { packets, content: ['wrote', 'wrote'] } }) }),
      /the client sent an invalid path/,
    )
    assert.equal(existsSync(`${instance.home}/escaped`), false)
    assert.equal((await instance.command('find', [`${instance.data}/build`, '-name', 'escaped'])).out, '')
  })

test('the same path twice, and files that were not asked for, fail the build alone', async () => {
  const twice = { packets: [file('a'), file('a'), end], content: ['wrote', 'wrote'] }
  await assert.rejects(client.solve({ [diffCopy]: directories({ dockerfile, context: twice }) }), /sent a path twice/)
  const unasked = { packets: [file('a'), end, { type: 2, id: 7, data: Buffer.from('x') }], content: ['wrote'] }
  await assert.rejects(client.solve({ [diffCopy]: directories({ dockerfile, context: unasked }) }), /sent a file that was not asked for: 7/)
})

test('a session’s context that is sound builds, and a link in it stays one', async () => {
  writeFileSync(`${instance.home}/outside`, 'outside')
  const context = {
    packets: [file('a'), { type: 0, stat: { path: 'link', mode: 2 ** 27 + 0o777, link: `${instance.home}/outside` } }, end],
    content: ['wrote'],
  }
  const { exporterResponse } = await client.solve({ [diffCopy]: directories({ dockerfile, context }) })
  assert.deepEqual([...exporterResponse.keys()], ['containerimage.digest', 'containerimage.config.digest'])
})

test('who listens for builds under way is told of their end, too, and of none that was over before', async () => {
  const service = '/moby.buildkit.v1.Control'
  await client.solve({}, { frontend: '', definition: {} })
  const gone = new AbortController()
  const caller = new Caller(await client.http2())
  const listening = caller.open(`${service}/ListenBuildHistory`, {}, gone.signal)
  listening.send(encode(buildHistoryRequest, { activeOnly: true }))
  listening.finish()
  // When this is answered, the call before it is served.
  const { signal } = gone
  await caller.call({ path: `${service}/UpdateBuildHistory`, signal }, [updateBuildHistoryRequest, nothing], { finalize: true })
  const ref = randomUUID()
  await client.solve({ [diffCopy]: directories({ dockerfile, context: { packets: [file('a'), end], content: ['wrote'] } }) }, { ref })
  for await (const bytes of listening.received) {
    const { type, record } = decode(buildHistoryEvent, bytes)
    assert.equal(record?.ref, ref)
    if (type === 1) break
    assert.equal(type, 0)
  }
  gone.abort()
})

test('a result that the client of a build has not decided about yet is not pruned', async () => {
  const service = '/moby.buildkit.v1.frontend.LLBBridge'
  const ref = randomUUID()
  const routes = { [diffCopy]: directories({ dockerfile: definition('FROM box\nRUN echo decided >/word\n') }) }
  const wishes = { ref, frontend: '', exporter: 'image', exporterAttributes: new Map([['name', 'led:1']]) }
  const solved = client.solve(routes, wishes)
  const caller = new Caller(await client.http2())
  const ask = async (method: string, question: Buffer): Promise<Buffer> => {
    const call = caller.open(`${service}/${method}`, { 'buildkit-controlapi-buildid': ref }, new AbortController().signal)
    call.send(question)
    call.finish()
    return Buffer.concat(await Array.fromAsync(call.received))
  }
  const answer = await ask('Solve', encode(gatewaySolveRequest, { frontend: 'dockerfile.v0', evaluate: true }))
  const { ref: id } = decode(gatewaySolveResponse, answer)
  assert.doesNotMatch(await instance.ok('image', 'prune', '-f'), /deleted/)
  await ask('Return', encode(returnRequest, { result: { ref: { id } } }))
  await solved
  assert.equal(await instance.ok('run', '--rm', 'led:1', 'cat', '/word'), 'decided')
  await instance.ok('rmi', 'led:1')
})

test('an empty definition is solved at once, and nothing that it could be exported as is passed over', async () => {
  const empty = { frontend: '', definition: {} }
  assert.equal((await client.solve({}, empty)).exporterResponse.size, 0)
  await assert.rejects(client.solve({}, { ...empty, exporter: 'image' }), /low-level definition/)
})

test('the Dockerfile, its ignore file and its name in small letters come in one exchange, and the context’s own beside it', async () => {
  const text = 'FROM box\nCOPY . /all\n'
  const texts = { Dockerfile: text, 'Dockerfile.dockerignore': 'ignored\n' }
  const packets = Object.entries(texts).map(([path, { length }]) => ({ type: 0, stat: { path, mode: 0o644, size: length } }))
  const own = { packets: [...packets, end], content: Object.values(texts) }
  const serve = directories({ dockerfile: own, context: { packets: [file('a'), end], content: ['wrote'] } })
  const asked: IncomingHttpHeaders[] = []
  await client.solve({
    [diffCopy]: (call) => {
      asked.push(call.headers)
      return serve(call)
    },
  })
  assert.deepEqual(
    asked.map((headers) => [headers['dir-name'], headers['followpaths'], headers['exclude-patterns']]),
    [
      ['dockerfile', 'Dockerfile, Dockerfile.dockerignore, dockerfile', undefined],
      ['context', '.dockerignore', undefined],
      ['context', undefined, 'ignored'],
    ],
  )
})

test('a session that goes away in the middle of its files leaves none of them open', async () => {
  const names = Array.from({ length: 70 }, (_, index) => `f${index}`)
  const context = { packets: [...names.map(file), end] }
  const serve = directories({ dockerfile, context })
  const open = (): string[] =>
    readdirSync(`/proc/${pid}/fd`).filter((fd) => (readlinkUnlessGone(`/proc/${pid}/fd/${fd}`) ?? '').includes('/contexts/'))
  let most = 0
  const failing: RpcHandler = async (call) => {
    if (call.headers['dir-name'] !== 'context' || call.headers['followpaths'] !== undefined) return serve(call)
    for (const each of context.packets) await call.send(encode(packet, each))
    let asked = 0
    for await (const _request of call.received) if (++asked === 64) break
    most = open().length
    throw new Error('gone')
  }
  await assert.rejects(client.solve({ [diffCopy]: failing }))
  assert.ok(most > 0)
  assert.deepEqual(open(), [])
})

test('a session that goes away while it is asked ends its build', async () => {
  const routes = {
    [diffCopy]: () => {
      client[Symbol.dispose]()
      return Promise.resolve()
    },
  }
  await assert.rejects(client.solve(routes), /went away|stopped sending/)
})
