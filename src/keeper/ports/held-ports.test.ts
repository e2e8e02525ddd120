import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { HeldPorts, type HeldPort } from './held-ports.ts'

const directory = mkdtempSync(`${tmpdir()}/galley-ports-`)
process.on('exit', () => rmSync(directory, { recursive: true }))

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '::')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function heldFor(protocol: 'tcp' | 'udp', to: number, host = '127.0.0.1'): Promise<HeldPort> {
  return { protocol, address: '::1', port: await freePort(), to: { address: host, port: to } }
}

test('a TCP port on ::1 is passed on, both ways and to the end', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let said = ''
    socket.setEncoding('utf8').on('data', (text: string) => (said += text))
    socket.on('end', () => socket.end(`heard ${said}`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ports = new HeldPorts(directory, systemClock)
  const port = await heldFor('tcp', (server.address() as AddressInfo).port)
  await ports.hold({ container: 'c', ports: [port] })
  const client = connect({ host: '::1', port: port.port, allowHalfOpen: true })
  client.end('this')
  let answer = ''
  client.setEncoding('utf8').on('data', (text: string) => (answer += text))
  await once(client, 'close')
  assert.equal(answer, 'heard this')
  await ports.hold({ container: 'c', ports: [] })
  assert.deepEqual(readdirSync(directory), [])
  server.close()
})

/** Kinds of the timers that the kernel has set for connections with a port (proc(5), tcp: `tr`); 2: it will ask whether the peer is alive. */
function timersOf(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return ['tcp', 'tcp6']
    .flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(`:${hex}`) && state === '01')
    .map(([, , , , , timer = '']) => timer.split(':')[0] ?? '')
}

test('a peer of a TCP connection that went without a word is asked for, on both sides', async () => {
  const held: Socket[] = []
  const server = createServer((socket) => held.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ports = new HeldPorts(directory, systemClock)
  const port = await heldFor('tcp', (server.address() as AddressInfo).port)
  await ports.hold({ container: 'c', ports: [port] })
  const client = connect({ host: '::1', port: port.port })
  client.on('error', () => undefined)
  await once(server, 'connection')
  const further = held[0]?.remotePort ?? 0
  const timers = (): string[][] => [timersOf(port.port), timersOf(further)]
  // The other side may hear of the connection before this one does.
  for (let tries = 0; tries < 6000 && timers().join() !== '02,02'; tries++) await sleep(systemClock, 10)
  const found = timers()
  await ports.hold({ container: 'c', ports: [] })
  for (const socket of [client, ...held]) socket.destroy()
  server.close()
  assert.deepEqual(found, [['02'], ['02']])
})

for (const [kind, host] of [
  ['udp4', '127.0.0.1'],
  ['udp6', '::1'],
] as const)
  test(`a UDP port is passed on to ${host}, and the answer finds its client`, async () => {
    const server = createSocket(kind)
    server.on('message', (message, from) => server.send(`heard ${message}`, from.port, from.address))
    server.bind(0, host)
    await once(server, 'listening')
    const ports = new HeldPorts(directory, systemClock)
    const port = await heldFor('udp', server.address().port, host)
    await ports.hold({ container: 'c', ports: [port] })
    const client = createSocket('udp6')
    client.send('this', port.port, '::1')
    const [answer] = (await once(client, 'message')) as [Buffer]
    assert.equal(answer.toString(), 'heard this')
    client.close()
    await ports.hold({ container: 'c', ports: [] })
    server.close()
  })

test('a port that somebody else has is told, and none of the others is held', async () => {
  const other = createServer().listen(0, '::1')
  await once(other, 'listening')
  const ports = new HeldPorts(directory, systemClock)
  const free = await heldFor('tcp', 1)
  const taken = { ...free, port: (other.address() as AddressInfo).port }
  await assert.rejects(ports.hold({ container: 'c', ports: [free, taken] }), { code: 'EADDRINUSE' })
  await ports.hold({ container: 'd', ports: [free] })
  await ports.hold({ container: 'd', ports: [] })
  other.close()
})

test('ports that a container asks for while others give theirs back are held', async () => {
  const ports = new HeldPorts(directory, systemClock)
  await ports.hold({ container: 'old', ports: [await heldFor('tcp', 1)] })
  const wanted = await heldFor('tcp', 1)
  await Promise.all([ports.keepOnly(new Set()), ports.hold({ container: 'new', ports: [wanted] })])
  const other = createServer().listen(wanted.port, '::1')
  const [error] = (await Promise.race([once(other, 'error'), once(other, 'listening')])) as [NodeJS.ErrnoException?]
  other.close()
  await ports.hold({ container: 'new', ports: [] })
  assert.equal(error?.code, 'EADDRINUSE')
})

test('the next keeper holds them again', async () => {
  const port = await heldFor('tcp', 1)
  writeFileSync(`${directory}/c`, JSON.stringify({ container: 'c', ports: [port] }))
  // Which the last one was writing when it died.
  writeFileSync(`${directory}/torn`, '')
  const ports = new HeldPorts(directory, systemClock)
  await ports.restore()
  const other = createServer().listen(port.port, '::1')
  const [error] = (await once(other, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE')
  await ports.hold({ container: 'c', ports: [] })
  assert.deepEqual(readdirSync(directory), [])
})

test('a port goes over to another container without being closed, and open connections stay where they are', async () => {
  const answering = async (name: string): Promise<ReturnType<typeof createServer>> => {
    const server = createServer((socket) => socket.on('data', () => socket.write(name))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const [old, next] = [await answering('old'), await answering('new')]
  const ports = new HeldPorts(directory, systemClock)
  const port = await heldFor('tcp', (old.address() as AddressInfo).port)
  await ports.hold({ container: 'old', ports: [port] })
  const ask = async (client: ReturnType<typeof connect>): Promise<string> => {
    client.write('?')
    return String((await once(client, 'data'))[0])
  }
  const before = connect({ host: '::1', port: port.port })
  assert.equal(await ask(before), 'old')
  await ports.hold({ container: 'new', ports: [{ ...port, to: { ...port.to, port: (next.address() as AddressInfo).port } }] })
  await ports.hold({ container: 'old', ports: [] })
  const after = connect({ host: '::1', port: port.port })
  assert.equal(await ask(after), 'new')
  assert.equal(await ask(before), 'old')
  before.destroy()
  after.destroy()
  await ports.hold({ container: 'new', ports: [] })
  assert.deepEqual(readdirSync(directory), [])
  old.close()
  next.close()
})
