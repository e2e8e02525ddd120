import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'

/** Published ports, asked from the host and from containers. */
const instance = instanceWithBox()
const { ok, fetched } = instance
const seed = 'from the image\n'
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

test('ranges map one to one, or leave the choice', async () => {
  await ok('run', '-d', '--name', 'pairs', '-p', '28010-28012:80-82', ...server)
  assert.equal(await publishedPort('pairs', '81/tcp'), 28_011)
  assert.equal(await fetched('http://127.0.0.1:28010/seed'), seed)
  await ok('run', '-d', '--name', 'same', '-p', '28040-28042:28040-28042', 'box', 'sleep', '1000')
  const listed = await ok('ps', '--format', '{{.Ports}}', '--filter', 'name=same')
  assert.equal(listed, '0.0.0.0:28040-28042->28040-28042/tcp, [::]:28040-28042->28040-28042/tcp')
  await ok('run', '-d', '--name', 'one', '-p', '28012-28014:80', ...server)
  await ok('run', '-d', '--name', 'two', '-p', '28012-28014:80', ...server)
  assert.deepEqual([await publishedPort('one'), await publishedPort('two')], [28_013, 28_014])
  const { err } = await instance.docker('run', '--rm', '-p', '28012-28014:80', 'box', 'true')
  assert.match(err, /Bind for 0\.0\.0\.0:28012 failed: port is already allocated \(by container pairs\)/)
})

test('all exposed ports are published when asked for', async () => {
  await ok('run', '-d', '--name', 'all', '-P', '--expose', '80', '--expose', '53/udp', ...server)
  assert.equal(await fetched(`http://127.0.0.1:${await publishedPort('all')}/seed`), seed)
  assert.ok((await publishedPort('all', '53/udp')) >= 32_768)
})

test('a taken port is refused with the name of who has it, process or container, and nothing is left of the attempt', async () => {
  const other = createServer().listen(28_020, '::')
  await once(other, 'listening')
  const refused = await instance.docker('run', '-d', '--name', 'late', '-p', '28021:80', '-p', '28020:80', ...server)
  assert.equal(refused.code, 125)
  assert.match(refused.err, new RegExp(`28020 failed: port is already allocated \\(by process ${process.pid}, `))
  assert.equal(await canBind(28_021, '0.0.0.0'), true)
  other.close()
  await once(other, 'close')
  await ok('start', 'late')
  assert.equal(await fetched('http://127.0.0.1:28020/seed'), seed)
  const second = await instance.docker('run', '-d', '-p', '127.0.0.1:28020:80', ...server)
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
  return `printf 'GET /seed HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${host} ${port}`
}

test('a thousand ports are published in a moment, of UDP as of TCP', async () => {
  for (const protocol of ['tcp', 'udp']) {
    const started = performance.now()
    await ok('run', '-d', '--name', 'many', '-p', `23000-23999:3000-3999/${protocol}`, 'box', 'sleep', '1000')
    assert.equal((await ok('port', 'many')).split('\n').length, 2000)
    await ok('rm', '-f', 'many')
    // It takes half a second. For each of 2000 addresses, the kernel would be asked for 20 ms.
    assert.ok(performance.now() - started < 20_000, `${protocol}: ${performance.now() - started} ms`)
  }
})

test('containers reach published ports by an address of the host: their own, and those of other networks', async () => {
  await ok('network', 'create', 'apart')
  await ok('run', '-d', '--name', 'web', '-p', '28030:80', ...server)
  const script = `${ask('$(grep myhost /etc/hosts | cut -f1)', 28_030)}`
  for (const network of ['apart', 'bridge'])
    assert.match(await ok('run', '--rm', '--network', network, '--add-host', 'myhost:host-gateway', 'box', 'sh', '-c', script), seen)
  const [gateway, direct] = [await settingOf('web', 'Gateway'), await settingOf('web', 'IPAddress')]
  assert.match(await ok('exec', 'web', 'sh', '-c', ask(gateway, 28_030)), seen)
  assert.equal((await instance.docker('run', '--rm', '--network', 'apart', 'box', 'sh', '-c', ask(direct, 80))).code, 1)
  await ok('rm', '-f', 'web')
  await ok('network', 'rm', 'apart')
})

test('ports stay open while the daemon is dead, and while the keeper is another one', async () => {
  await ok('run', '-d', '--name', 'web', '-p', '28031:80', ...server)
  instance.killDaemon()
  assert.equal(await fetched('http://127.0.0.1:28031/seed'), seed)
  assert.equal(await fetched('http://[::1]:28031/seed'), seed)
  await instance.start()
  process.kill(keeperPid(), 'SIGKILL')
  assert.equal(await fetched('http://127.0.0.1:28031/seed'), seed)
  assert.equal(await fetched('http://[::1]:28031/seed'), seed)
  assert.equal(await canBind(28_031, '0.0.0.0'), false)
})

function keeperPid(): number {
  const isKeeper = (pid: string): boolean => {
    const line = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
    return line.includes('/keeper/main.') && line.includes(instance.run)
  }
  return Number(readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isKeeper(pid)))
}
