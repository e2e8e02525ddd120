import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { freePorts } from './free-ports.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** Updates of running services: what clients notice of them. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

/** The next one is free too. */
const port = await freePorts(2)

function site(word: string, more = ''): string {
  return `services:
  web:
    image: box
    command: sh -c 'trap "exit 0" TERM; mkdir -p /tmp/w; echo ${word} > /tmp/w/index.html; httpd -f -p 80 -h /tmp/w & wait'
    container_name: the-${word.startsWith('x') ? 'x' : 'site'}
    ports: ["${port}:80"]
    healthcheck: {test: wget -q -O- http://127.0.0.1/, interval: 1s, start_interval: 100ms, start_period: 60s, retries: 1}
${more}`
}

/** Asks again and again over several connections at once until it is stopped; tells every answer and every failure. */
class Load {
  readonly answers = new Map<string, number>()
  readonly failures: string[] = []
  #going = true
  readonly #workers: Promise<void>[]

  constructor(url: string, { clients, keepAlive }: { readonly clients: number; readonly keepAlive: boolean }) {
    this.#workers = Array.from({ length: clients }, () => this.#work(url, keepAlive))
  }

  async #work(url: string, keepAlive: boolean): Promise<void> {
    const agent = new Agent({ keepAlive, maxSockets: 1 })
    while (this.#going) {
      try {
        const answer = await ask(url, agent)
        this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1)
      } catch (error) {
        this.failures.push(String(error))
        await sleep(systemClock, 10)
      }
    }
    agent.destroy()
  }

  async stop(): Promise<void> {
    this.#going = false
    await Promise.all(this.#workers)
  }
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(text.trim()))
      response.on('error', reject)
    }).on('error', reject)
  })
}

/** From when `first` is answered until `last` was. */
async function underLoad(
  url: string,
  [first, last]: readonly [string, string],
  task: () => Promise<Outcome>,
): Promise<{ load: Load; outcome: Outcome }> {
  const load = new Load(url, { clients: 4, keepAlive: false })
  const answered = (word: string): Promise<boolean> =>
    instance.until(
      () => load.answers.has(word),
      (has) => has,
    )
  try {
    await answered(first)
    const outcome = await task()
    if (outcome.code === 0) await answered(last)
    return { load, outcome }
  } finally {
    await load.stop()
  }
}

test('a service with a health check is updated through its fixed port without a failed request', async () => {
  const home = directory('seamless', { 'compose.yaml': site('first') })
  assert.equal((await run(home, 'up')).code, 0)
  const before = await instance.ok('ps', '-q', '--no-trunc', '--filter', 'name=the-site')
  writeFileSync(`${home}/compose.yaml`, site('second'))
  const { load, outcome } = await underLoad(`http://127.0.0.1:${port}/`, ['first', 'second'], () => run(home, 'up'))
  assert.equal(outcome.code, 0, outcome.err)
  assert.deepEqual(load.failures, [])
  assert.deepEqual([...load.answers.keys()], ['first', 'second'])
  assert.match(outcome.err, /web: switched with \d+ connections \(\d+ to the old container, \d+ to the new one\): 0 refused, 0 reset/)
  assert.equal(await instance.ok('ps', '-a', '--format', '{{.Names}}'), 'the-site')
  assert.notEqual(await instance.ok('ps', '-q', '--no-trunc', '--filter', 'name=the-site'), before)
  assert.equal(await instance.fetched(`http://[::1]:${port}/`), 'second\n')
  assert.equal((await run(home, 'up')).err.includes('Recreated'), false)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a version that does not become healthy is rolled back: the old one serves all the time', async () => {
  const home = directory('rollback', { 'compose.yaml': site('first') })
  assert.equal((await run(home, 'up')).code, 0)
  const before = await instance.ok('ps', '-q', '--no-trunc')
  writeFileSync(
    `${home}/compose.yaml`,
    site('broken')
      .replace('http://127.0.0.1/,', 'http://127.0.0.1:81/,')
      .replace('start_period: 60s', 'start_period: 3s')
      .replace('the-broken', 'the-site'),
  )
  const { load, outcome } = await underLoad(`http://127.0.0.1:${port}/`, ['first', 'first'], () => run(home, 'up'))
  assert.equal(outcome.code, 1)
  assert.match(outcome.err, /the new version did not make it \(its health check fails\); the old one goes on/)
  assert.match(outcome.err, /connection refused|can't connect/i, 'its last words are told')
  assert.deepEqual(load.failures, [])
  assert.deepEqual([...load.answers.keys()], ['first'])
  assert.equal(await instance.ok('ps', '-aq', '--no-trunc'), before)
  assert.equal((await run(home, 'down')).code, 0)
})

test('kill -9 of the daemon in the middle of an update fails no request, and the next up completes it', async () => {
  const home = directory('killed', { 'compose.yaml': site('first') })
  assert.equal((await run(home, 'up')).code, 0)
  writeFileSync(`${home}/compose.yaml`, site('second').replace('start_interval: 100ms', 'start_interval: 4s'))
  const { load } = await underLoad(`http://127.0.0.1:${port}/`, ['first', 'second'], async () => {
    const updating = run(home, 'up')
    await instance.until(
      () => instance.ok('ps', '-q'),
      (text) => text.split('\n').length === 2,
    )
    const daemon = instance.killDaemon()
    assert.notEqual((await updating).code, 0)
    await instance.anotherDaemon(daemon)
    const outcome = await run(home, 'up')
    assert.equal(outcome.code, 0, outcome.err)
    return outcome
  })
  assert.deepEqual(load.failures, [])
  assert.deepEqual([...load.answers.keys()], ['first', 'second'])
  assert.equal(await instance.ok('ps', '-a', '--format', '{{.Names}}'), 'the-site')
  assert.equal((await run(home, 'down')).code, 0)
})

test('a client that keeps its UDP port is led to the next version at the switch, and after a stop to whoever comes next', async () => {
  const program = `const s = require("dgram").createSocket("udp4"); s.on("message", (question, from) => s.send(question + process.env.WORD, from.port, from.address)); s.bind(53)`
  // The box has no program that answers datagrams: this test's own, from the host's files.
  const echo = (word: string): string => `services:
  dns:
    image: box
    command: ${JSON.stringify(['busybox', 'chroot', '/host', process.execPath, '-e', program])}
    environment: {WORD: ${word}}
    ports: ["127.0.0.1:${port}:53/udp"]
    volumes: ["/:/host:ro"]
    stop_grace_period: 0s
    healthcheck: {test: "grep -q :0035 /proc/net/udp", interval: 1s, start_interval: 100ms, start_period: 5s}
`
  const home = directory('datagrams', { 'compose.yaml': echo('first') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const client = createSocket('udp4')
  let questions = 0
  /** An answer to an earlier question is none. */
  const asked = async (patience = 1000): Promise<string> => {
    const question = `${++questions} `
    const answer = new Promise<string>((resolve) =>
      client.on('message', (text) => {
        if (String(text).startsWith(question)) resolve(String(text).slice(question.length))
      }),
    )
    client.send(question, port, '127.0.0.1')
    return await Promise.race([answer, sleep(systemClock, patience).then(() => 'nothing')])
  }
  const until = (wanted: string): Promise<string> => instance.until(asked, (text) => text === wanted)
  try {
    await until('first')
    writeFileSync(`${home}/compose.yaml`, echo('second'))
    const { code, err } = await run(home, 'up', '-d')
    assert.equal(code, 0, err)
    assert.equal(await asked(60_000), 'second')
    assert.equal((await run(home, 'stop')).code, 0)
    assert.equal(await asked(), 'nothing')
    assert.equal(await asked(), 'nothing', 'and the kernel remembers that')
    assert.equal((await run(home, 'start')).code, 0)
    await until('second')
  } finally {
    client.close()
  }
  assert.equal((await run(home, 'down')).code, 0)
})

test('a service with data of its own stops first, and up says why', async () => {
  const data = (word: string): string => `services:
  db: {image: box, command: nc -ll -p 3306 -e echo ${word}, stop_grace_period: 1s, volumes: ["data:/data"], expose: ["3306"]}
volumes: {data: }
`
  const home = directory('data', { 'compose.yaml': data('one') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, data('two'))
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 0, err)
  assert.match(err, /warning: db stops before its next version starts: writes to the volume data\. A mount that is only read/)
  assert.match(err, /Container data-db-1 {2}Recreated/)
  assert.equal(await instance.ok('ps', '-a', '--format', '{{.Names}}'), 'data-db-1')
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('of a version whose files can’t be put into it nothing stays, and the old one runs on', async () => {
  const file = (readOnly: boolean): string => `services:
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"], configs: [greeting], read_only: ${readOnly}}
configs: {greeting: {content: hi}}
volumes: {data: }
`
  const home = directory('unfit', { 'compose.yaml': file(false) })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const before = await instance.ok('ps', '-q', '--no-trunc')
  writeFileSync(`${home}/compose.yaml`, file(true))
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 1)
  assert.match(err, /container rootfs is marked read-only/)
  assert.equal(await instance.ok('ps', '-aq', '--no-trunc'), before)
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('diff tells which key differs and how the update would go, and changes nothing', async () => {
  const home = directory('differs', { 'compose.yaml': site('first') })
  const fresh = await run(home, 'diff')
  assert.equal(fresh.code, 1)
  assert.equal(fresh.err, ' Network differs_default  create\n Container the-site  create\n Container the-site  start\n')
  assert.equal((await run(home, 'up')).code, 0)
  assert.deepEqual(await run(home, 'diff'), { code: 0, out: '', err: '' })
  const before = await instance.ok('ps', '-aq')
  writeFileSync(`${home}/compose.yaml`, site('first').replace('retries: 1', 'retries: 2'))
  const { code, err } = await run(home, 'diff')
  assert.equal(code, 1)
  assert.equal(err, ' Container the-site  recreate, beside the old one\n     healthcheck.retries: 1 → 2\n')
  assert.equal((await run(home, 'up', '--dry-run')).code, 0)
  assert.equal(await instance.ok('ps', '-aq'), before)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a version that ends while it is still watched gives the place back', async () => {
  const update = `    volumes: [./told:/told:ro]\n    deploy: {update_config: {monitor: 2m}}\n`
  const watched = (word: string, end: string): string => site(word, update).replace('& wait', `& ${end}`)
  const home = directory('monitored', { 'compose.yaml': watched('first', 'wait'), 'told/nothing': '' })
  assert.equal((await run(home, 'up')).code, 0)
  const before = await instance.ok('ps', '-q', '--no-trunc')
  writeFileSync(`${home}/compose.yaml`, watched('second', 'until [ -e /told/end ]; do sleep 0.1; done; exit 3'))
  const updating = run(home, 'up')
  await instance.until(
    () => instance.fetched(`http://127.0.0.1:${port}/`),
    (text) => text === 'second\n',
  )
  writeFileSync(`${home}/told/end`, '')
  const { code, err } = await updating
  assert.equal(code, 1)
  assert.match(err, /the new version did not make it \(ended with exit code 3 after the switch\); the old one goes on/)
  assert.equal(await instance.fetched(`http://127.0.0.1:${port}/`), 'first\n')
  assert.equal(await instance.ok('ps', '-aq', '--no-trunc'), before)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}'), 'the-site')
  assert.equal((await run(home, 'down')).code, 0)
})

test('an anonymous volume and its data go on, from version to version and back from one that can not start', async () => {
  const keeping = (command: string): string =>
    `services:\n  db: {image: box, command: ${command}, stop_grace_period: 0s, volumes: [/data/mine]}\n`
  const home = directory('keeps', { 'compose.yaml': keeping('sleep 1000') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const data = (): Promise<string> => instance.ok('exec', 'keeps-db-1', 'cat', '/data/mine/it')
  await instance.ok('exec', 'keeps-db-1', 'sh', '-c', 'echo kept > /data/mine/it')
  writeFileSync(`${home}/compose.yaml`, keeping('/no/such/program'))
  const failed = await run(home, 'up', '-d')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /the new version did not make it \(.*no such file or directory.*\); the old one goes on/)
  assert.equal(await data(), 'kept')
  writeFileSync(`${home}/compose.yaml`, keeping('sleep 1001'))
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await data(), 'kept')
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('a port that the engine chose stays; others come and go with the file; one that is taken brings the old version back', async () => {
  const ports = (list: string): string => site('first').replace(`["${port}:80"]`, list)
  const home = directory('ports', { 'compose.yaml': ports('["80"]') })
  assert.equal((await run(home, 'up')).code, 0)
  const chosen = (await run(home, 'port', 'web', '80')).out
  const update = async (list: string): Promise<Outcome> => {
    writeFileSync(`${home}/compose.yaml`, ports(list))
    return await run(home, 'up')
  }
  assert.equal((await update(`["80", "127.0.0.1:${port}:80", "53/udp"]`)).code, 0)
  assert.equal((await run(home, 'port', 'web', '80')).out, chosen)
  assert.equal(await instance.fetched(`http://127.0.0.1:${port}/`), 'first\n')
  assert.match((await run(home, 'port', '--protocol', 'udp', 'web', '53')).out, /:\d+\n/)

  const taken = createServer().listen(port + 1, '127.0.0.1')
  await once(taken, 'listening')
  const refused = await update(`["80", "127.0.0.1:${port + 1}:80"]`)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /port is already allocated \(by process/)
  assert.equal(await instance.fetched(`http://127.0.0.1:${port}/`), 'first\n', 'what was published still is')
  assert.equal(await instance.fetched(`http://${chosen.trim().replace('0.0.0.0', '127.0.0.1')}/`), 'first\n')
  taken.close()
  await once(taken, 'close')

  assert.equal((await update(`["80", "127.0.0.1:${port + 1}:80"]`)).code, 0)
  assert.equal(await instance.fetched(`http://127.0.0.1:${port + 1}/`), 'first\n')
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
  assert.equal((await run(home, 'down')).code, 0)
})
