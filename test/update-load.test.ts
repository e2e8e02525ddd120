import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { Load, loadScript } from './load.ts'
import { Projects } from './projects.ts'

/** Updates under load that comes from everywhere: the host, another machine, other containers; new connections and kept ones. */
const instance = new Instance()
const { directory, run } = new Projects(instance)

/** A namespace that stands for another machine, and the two ends of the wire to it. */
const id = process.pid % 250
const stranger = `galley-far-${process.pid}`
const [wire, far] = [`gl${process.pid}a`, `gl${process.pid}b`]
const [here, there] = [`10.253.${id}.1`, `10.253.${id}.2`]
const port = await freePorts()

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  assert.equal(status, 0, `ip ${args.join(' ')}: ${stderr}`)
}

before(async () => {
  await instance.start()
  await instance.importBox()
  ip('netns', 'add', stranger)
  ip('link', 'add', wire, 'type', 'veth', 'peer', 'name', far, 'netns', stranger)
  ip('addr', 'add', `${here}/30`, 'dev', wire)
  ip('link', 'set', wire, 'up')
  ip('-n', stranger, 'addr', 'add', `${there}/30`, 'dev', far)
  ip('-n', stranger, 'link', 'set', far, 'up')
})

after(async () => {
  ip('netns', 'del', stranger)
  await instance.stop()
})

/** A server as they should be: told to end, it goes on answering for a moment, lets no client keep its connection, and ends when they have gone. */
const server = `
const http = require('node:http')
let ending = false
const server = http.createServer((request, response) => {
  if (ending) response.setHeader('Connection', 'close')
  setTimeout(() => response.end(process.env.WORD), 5)
})
server.keepAliveTimeout = 60000
server.listen(80)
process.on('SIGTERM', () => {
  ending = true
  const look = () => server.getConnections((_, count) => count === 0 && process.exit(0))
  setTimeout(() => setInterval(look, 20), 2000)
})
`

function client(name: string, command: readonly string[]): Load {
  return new Load(name, command, instance.socket)
}

function project(word: string, home: string): string {
  const libraries = ['/usr', '/lib', '/lib64'].filter((path) => existsSync(path)).map((path) => `${path}:${path}:ro`)
  const parts = [...libraries, `${process.execPath}:/node:ro`, `${home}/server.js:/server.js:ro`]
  return `services:
  web:
    image: box
    command: [/node, /server.js]
    environment: {WORD: ${word}}
    ports: ["${port}:80"]
    stop_grace_period: 5s
    volumes: ${JSON.stringify(parts)}
    healthcheck: {test: "wget -q -O- http://127.0.0.1/", interval: 1s, start_interval: 100ms, start_period: 60s}
  inner:
    image: box
    command: sleep 1000
    init: true
    stop_grace_period: 0s
    volumes: ${JSON.stringify([...parts, `${home}/client.js:/client.js:ro`])}
`
}

/** Resolves when all of them were answered so. */
async function haveSeen(clients: readonly Load[], answer: string): Promise<void> {
  await instance.until(
    () => clients.filter((one) => !one.hasSeen(answer)).map(({ name }) => name),
    (left) => left.length === 0,
  )
}

test('nobody notices an update: new and kept connections, from the host, from another machine and from containers', async () => {
  const home = directory('load', { 'server.js': server, 'client.js': loadScript })
  writeFileSync(`${home}/compose.yaml`, project('first', home))
  const first = await run(home, 'up')
  assert.equal(first.code, 0, first.err)
  const script = `${home}/client.js`
  const inside = ['docker', 'exec', '-i', 'load-inner-1', '/node', '/client.js']
  const clients = [
    client('the host, new connections', [process.execPath, script, `http://127.0.0.1:${port}/`, 'no', '3']),
    client('the host, kept connections', [process.execPath, script, `http://127.0.0.1:${port}/`, 'yes', '3']),
    client('the host over IPv6', [process.execPath, script, `http://[::1]:${port}/`, 'no', '1']),
    client('another machine, new connections', [
      'ip',
      'netns',
      'exec',
      stranger,
      process.execPath,
      script,
      `http://${here}:${port}/`,
      'no',
      '2',
    ]),
    client('another machine, kept connections', [
      'ip',
      'netns',
      'exec',
      stranger,
      process.execPath,
      script,
      `http://${here}:${port}/`,
      'yes',
      '2',
    ]),
    client('another container, by name', [...inside, 'http://web/', 'no', '2']),
    client('another container, by the published port', [...inside, `http://${here}:${port}/`, 'no', '1']),
  ]
  await haveSeen(clients, 'first')
  writeFileSync(`${home}/compose.yaml`, project('second', home))
  const second = await run(home, 'up')
  if (second.code === 0) await haveSeen(clients, 'second')
  const told = await Promise.all(clients.map(async (one) => ({ name: one.name, ...(await one.stop()) })))
  assert.equal(second.code, 0, second.err)
  for (const { name, answers, failures } of told) {
    assert.deepEqual(failures, [], name)
    assert.deepEqual(Object.keys(answers), ['first', 'second'], name)
  }
  assert.match(second.err, /web: switched with \d+ connections .*: 0 refused, 0 reset/)
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

test('kill -9 of the daemon while the old container drains: nobody notices, and what is left is cleared away', async () => {
  const home = directory('drain', { 'server.js': server, 'client.js': loadScript })
  // Long enough for it to be seen draining.
  writeFileSync(`${home}/compose.yaml`, project('first', home).replace('grace_period: 5s', 'grace_period: 30s'))
  assert.equal((await run(home, 'up')).code, 0)
  const kept = client('kept connections', [process.execPath, `${home}/client.js`, `http://127.0.0.1:${port}/`, 'yes', '3'])
  const fresh = client('new connections', [process.execPath, `${home}/client.js`, `http://127.0.0.1:${port}/`, 'no', '3'])
  await haveSeen([kept, fresh], 'first')
  writeFileSync(`${home}/compose.yaml`, project('second', home).replace('grace_period: 5s', 'grace_period: 20s'))
  const updating = run(home, 'up')
  const names = (): Promise<string> => instance.ok('ps', '--format', '{{.Names}}', '--filter', 'label=com.docker.compose.service=web')
  const state = (): Promise<string> => instance.ok('inspect', '-f', '{{.Config.Env}} {{len .NetworkSettings.Ports}}', 'drain-web-1')
  await instance.until(state, (text) => text.includes('WORD=second'))
  const daemon = instance.killDaemon()
  assert.notEqual((await updating).code, 0)
  await instance.anotherDaemon(daemon)
  // The daemon ends what it finds beside the one that has the ports, and so does the next up.
  assert.equal((await run(home, 'up')).code, 0)
  await instance.until(names, (text) => text === 'drain-web-1')
  await haveSeen([kept, fresh], 'second')
  for (const one of [kept, fresh]) {
    const { answers, failures } = await one.stop()
    assert.deepEqual(failures, [], one.name)
    assert.deepEqual(Object.keys(answers), ['first', 'second'], one.name)
  }
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

test('nobody notices that a service gets fewer containers', async () => {
  const home = directory('fewer', { 'server.js': server, 'client.js': loadScript })
  const text = project('first', home).replace(`["${port}:80"]`, '[]')
  writeFileSync(`${home}/compose.yaml`, text)
  const first = await run(home, 'up', '--scale', 'web=3')
  assert.equal(first.code, 0, first.err)
  const inside = ['docker', 'exec', '-i', 'fewer-inner-1', '/node', '/client.js', 'http://web/']
  const clients = [client('new connections', [...inside, 'no', '3']), client('kept connections', [...inside, 'yes', '3'])]
  await haveSeen(clients, 'first')
  assert.equal((await run(home, 'scale', 'web=1')).code, 0)
  await sleep(systemClock, 300)
  for (const one of clients) assert.deepEqual((await one.stop()).failures, [], one.name)
  assert.equal((await instance.ok('ps', '-q', '--filter', 'label=com.docker.compose.service=web')).split('\n').length, 1)
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})
