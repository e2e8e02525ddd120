import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, test } from 'node:test'
import { freePorts } from './free-ports.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** Published ports, asked from the host and from containers. */
const instance = instanceWithBox()
const { ok, fetched } = instance
const seed = 'from the image\n'
/** Forty of them are free. */
const base = await freePorts(40)
const server = ['box', 'httpd', '-f', '-h', '/data']

afterEach(async () => {
  const ids = (await ok('ps', '-aq')).split('\n').filter((id) => id !== '')
  if (ids.length > 0) await ok('rm', '-f', ...ids)
})

async function publishedPort(container: string, port = '80/tcp'): Promise<number> {
  return Number((await ok('port', container, port)).split('\n')[0]?.split(':').at(-1))
}

/** Whether a program of the host may have the port. */
async function canBind(port: number, host: string): Promise<boolean> {
  const probe = createServer().listen({ port, host })
  const free = await new Promise<boolean>((resolve) => probe.once('listening', () => resolve(true)).once('error', () => resolve(false)))
  if (free) await new Promise((resolve) => probe.close(resolve))
  return free
}

/** Whether a program of the host listens there at any IPv4 address. */
function isListenedOn(port: number): boolean {
  return readFileSync('/proc/net/tcp', 'utf8').includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A `)
}

test('a port without address is published on all of them, IPv4 and IPv6 under one number, and nobody else gets it', async () => {
  await ok('run', '-d', '--name', 'web', '-p', '80', ...server)
  const port = await publishedPort('web')
  assert.equal(await ok('port', 'web'), `80/tcp -> 0.0.0.0:${port}\n80/tcp -> [::]:${port}`)
  assert.equal(await fetched(`http://127.0.0.1:${port}/seed`), seed)
  assert.equal(await fetched(`http://[::1]:${port}/seed`), seed)
  assert.deepEqual([await canBind(port, '0.0.0.0'), await canBind(port, '::'), await canBind(port, '127.0.0.1')], [false, false, false])
  await ok('stop', '-t', '0', 'web')
  assert.deepEqual([await canBind(port, '0.0.0.0'), await canBind(port, '::1')], [true, true])
})

test('a port is published on one address alone', async () => {
  await ok('run', '-d', '--name', 'four', '-p', '127.0.0.1::80', ...server)
  await ok('run', '-d', '--name', 'six', '-p', '[::1]::80', ...server)
  const [four, six] = [await publishedPort('four'), await publishedPort('six')]
  assert.equal(await fetched(`http://127.0.0.1:${four}/seed`), seed)
  assert.equal(await fetched(`http://[::1]:${six}/seed`), seed)
  await assert.rejects(fetch(`http://[::1]:${four}/seed`))
  await assert.rejects(fetch(`http://127.0.0.1:${six}/seed`))
})

test('a container whose port is taken when a network would publish it is not connected, and is when the port is free', async () => {
  await ok('network', 'create', '--internal', 'inside')
  const port = base + 30
  await ok('run', '-d', '--name', 'later', '--network', 'inside', '-p', `${port}:80`, ...server)
  await using taker = createServer().listen(port)
  await once(taker, 'listening')
  const { code, err } = await instance.docker('network', 'connect', 'bridge', 'later')
  assert.equal(code, 1)
  assert.match(err, new RegExp(`${port}.*(already allocated|in use)`))
  const networks = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}'
  assert.equal(await ok('inspect', '-f', networks, 'later'), 'inside')
  assert.equal(await ok('network', 'inspect', '-f', '{{len .Containers}}', 'bridge'), '0')
  assert.equal(await ok('exec', 'later', 'ls', '/sys/class/net'), 'eth0\nlo')
  await taker[Symbol.asyncDispose]()
  await ok('network', 'connect', 'bridge', 'later')
  assert.equal(await fetched(`http://127.0.0.1:${port}/seed`), seed)
  await ok('rm', '-f', 'later')
  await ok('network', 'rm', 'inside')
})

test('ranges map one to one, or leave the choice', async () => {
  await ok('run', '-d', '--name', 'pairs', '-p', `${base}-${base + 2}:80-82`, ...server)
  assert.equal(await publishedPort('pairs', '81/tcp'), base + 1)
  assert.equal(await fetched(`http://127.0.0.1:${base}/seed`), seed)
  const same = `${base + 10}-${base + 12}`
  await ok('run', '-d', '--name', 'same', '-p', `${same}:${same}`, 'box', 'sleep', '1000')
  const listed = await ok('ps', '--format', '{{.Ports}}', '--filter', 'name=same')
  assert.equal(listed, `0.0.0.0:${same}->${same}/tcp, [::]:${same}->${same}/tcp`)
  await ok('run', '-d', '--name', 'one', '-p', `${base + 2}-${base + 4}:80`, ...server)
  await ok('run', '-d', '--name', 'two', '-p', `${base + 2}-${base + 4}:80`, ...server)
  assert.deepEqual([await publishedPort('one'), await publishedPort('two')], [base + 3, base + 4])
  const { err } = await instance.docker('run', '--rm', '-p', `${base + 2}-${base + 4}:80`, 'box', 'true')
  assert.match(err, new RegExp(`Bind for 0\\.0\\.0\\.0:${base + 2} failed: port is already allocated \\(by container pairs\\)`))
})

test('all exposed ports are published when asked for', async () => {
  await ok('run', '-d', '--name', 'all', '-P', '--expose', '80', '--expose', '53/udp', ...server)
  assert.equal(await fetched(`http://127.0.0.1:${await publishedPort('all')}/seed`), seed)
  assert.ok((await publishedPort('all', '53/udp')) >= 32_768)
})

test('a taken port is refused with the name of who has it, process or container, and nothing is left of the attempt', async () => {
  const taken = base + 20
  const other = createServer().listen(taken, '::')
  await once(other, 'listening')
  const refused = await instance.docker('run', '-d', '--name', 'late', '-p', `${taken + 1}:80`, '-p', `${taken}:80`, ...server)
  assert.equal(refused.code, 125)
  assert.match(refused.err, new RegExp(`${taken} failed: port is already allocated \\(by process ${process.pid}, `))
  assert.equal(await canBind(taken + 1, '0.0.0.0'), true)
  other.close()
  await once(other, 'close')
  await ok('start', 'late')
  assert.equal(await fetched(`http://127.0.0.1:${taken}/seed`), seed)
  const second = await instance.docker('run', '-d', '-p', `127.0.0.1:${taken}:80`, ...server)
  assert.match(second.err, /already allocated \(by container late\)/)
})

test('UDP is published too, IPv6 included', async () => {
  await ok('run', '-d', '--name', 'echo', '-p', '7/udp', 'box', 'sleep', '1000')
  await using _server = await echoServer(await ok('inspect', '-f', '{{.State.Pid}}', 'echo'))
  const port = await publishedPort('echo', '7/udp')
  assert.match(await ok('ps', '--format', '{{.Ports}}'), new RegExp(`0\\.0\\.0\\.0:${port}->7/udp`))
  for (const [kind, address] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const)
    assert.equal(await echoed(kind, address, port), 'ping', address)
})

/** Sends back what it gets on UDP port 7 in a container's network; busybox has no such server. */
async function echoServer(pid: string): Promise<AsyncDisposable> {
  const program = `const s=require('dgram').createSocket('udp4');s.on('message',(m,r)=>s.send(m,r.port,r.address));s.bind(7,()=>console.log('up'))`
  const child = spawn('nsenter', ['-t', pid, '-n', process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

/** Asks until an answer comes: datagrams may be lost while the server starts. */
async function echoed(kind: 'udp4' | 'udp6', address: string, port: number): Promise<string> {
  const socket = createSocket(kind)
  let answer = ''
  socket.on('message', (message) => (answer = message.toString()))
  await instance.until(
    () => {
      if (answer === '') socket.send('ping', port, address)
      return answer
    },
    (text) => text !== '',
  )
  socket.close()
  return answer
}

const seen = /from the image$/

function settingOf(container: string, field: string): Promise<string> {
  return ok('inspect', '-f', `{{.NetworkSettings.${field}}}`, container)
}

/** A shell command that asks for the seed; the wget of Debian's static busybox crashes in a root file system without the C library's modules. */
function ask(host: string, port: number): string {
  return `printf 'GET /seed HTTP/1.0\\r\\n\\r\\n' | nc -w 20 ${host} ${port}`
}

/** Seconds of a processor that a process and what it waited for took so far, however many others there are (proc_pid_stat(5)). */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticks = fields.slice(11, 15).map(Number)
  return ticks.reduce((sum, each) => sum + each, 0) / 100
}

test('a thousand ports are published in a moment, of UDP as of TCP', async () => {
  const first = await freePorts(1000)
  for (const protocol of ['tcp', 'udp']) {
    const before = processorTime(instance.daemonPid())
    await ok('run', '-d', '--name', 'many', '-p', `${first}-${first + 999}:3000-3999/${protocol}`, 'box', 'sleep', '1000')
    assert.equal((await ok('port', 'many')).split('\n').length, 2000)
    await ok('rm', '-f', 'many')
    // It takes half a second. For each of 2000 addresses, the kernel would be asked for 20 ms.
    const took = processorTime(instance.daemonPid()) - before
    assert.ok(took < 15, `${protocol}: ${took} s`)
  }
})

test('containers reach published ports by an address of the host: their own, and those of other networks', async () => {
  await ok('network', 'create', 'apart')
  await ok('run', '-d', '--name', 'web', '-p', `${base + 30}:80`, ...server)
  const script = `${ask('$(grep myhost /etc/hosts | cut -f1)', base + 30)}`
  for (const network of ['apart', 'bridge'])
    assert.match(await ok('run', '--rm', '--network', network, '--add-host', 'myhost:host-gateway', 'box', 'sh', '-c', script), seen)
  const [gateway, direct] = [await settingOf('web', 'Gateway'), await settingOf('web', 'IPAddress')]
  assert.match(await ok('exec', 'web', 'sh', '-c', ask(gateway, base + 30)), seen)
  assert.equal((await instance.docker('run', '--rm', '--network', 'apart', 'box', 'sh', '-c', ask(direct, 80))).code, 1)
  await ok('rm', '-f', 'web')
  await ok('network', 'rm', 'apart')
})

test('ports stay open while the daemon is dead, and while the keeper is another one', async () => {
  await ok('run', '-d', '--name', 'web', '-p', `${base + 31}:80`, ...server)
  instance.killDaemon()
  assert.equal(await fetched(`http://127.0.0.1:${base + 31}/seed`), seed)
  assert.equal(await fetched(`http://[::1]:${base + 31}/seed`), seed)
  await instance.start()
  const keeper = instance.keeperPid()
  process.kill(keeper, 'SIGKILL')
  assert.equal(await fetched(`http://127.0.0.1:${base + 31}/seed`), seed)
  assert.equal(await fetched(`http://[::1]:${base + 31}/seed`), seed)
  // Not by trying: whoever has the port for a moment would keep the keeper from it.
  await instance.until(
    () => ![0, keeper].includes(instance.keeperPid()) && isListenedOn(base + 31),
    (is) => is,
  )
  assert.equal(await canBind(base + 31, '0.0.0.0'), false)
})
