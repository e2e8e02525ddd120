import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** `galley up`, `down`, `ps` and `logs` against an instance of its own. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const pair = `
services:
  db:
    image: box
    command: nc -ll -p 3306 -e echo hi
    stop_grace_period: 1s
    volumes: [data:/data]
  web:
    image: box
    command: sh -c 'echo started with $\${GREETING}; echo $\${GREETING} > /tmp/index.html; exec httpd -f -p 80 -h /tmp'
    restart: always
    stop_grace_period: 1s
    ports: ["80"]
    environment: {GREETING: hello}
    depends_on: [db]
volumes: {data: }
`

test('a project comes up in order, tells its URL last, and goes away without a trace', async () => {
  const home = directory('pair', { 'compose.yaml': pair })
  const { code, out, err } = await run(home, 'up')
  assert.equal(code, 0, err)
  const url = /^web +(http:\/\/localhost:\d+)\n$/.exec(out)?.[1]
  assert.ok(url !== undefined, out)
  assert.equal(await instance.fetched(url.replace('localhost', '127.0.0.1')), 'hello\n')
  assert.ok(err.indexOf('Container pair-db-1  Started') < err.indexOf('Container pair-web-1  Starting'), err)
  assert.match(err, / Network pair_default {2}Created\n/)
  assert.match(err, / Volume pair_data {2}Created\n/)
  assert.match((await run(home, 'ps')).out, /^NAME .*\npair-db-1 +box +db +Up .*\npair-web-1 +box +web +Up .*->80\/tcp/)
  await instance.until(
    async () => (await run(home, 'logs', 'web')).out,
    (text) => text === 'web-1  | started with hello\n',
  )
  const labels = JSON.parse(await instance.ok('inspect', '-f', '{{json .Config.Labels}}', 'pair-web-1')) as Record<string, string>
  assert.equal(labels['com.docker.compose.depends_on'], 'db:service_started:false')
  assert.equal(labels['com.docker.compose.project.config_files'], `${home}/compose.yaml`)

  const down = await run(home, 'down', '-v')
  assert.equal(down.code, 0, down.err)
  for (const kind of ['container', 'network', 'volume'])
    assert.equal(await instance.ok(kind, 'ls', '-q', '--filter', 'label=com.docker.compose.project=pair'), '')
})

test('a published port that nobody listens on is told of, and no address', async () => {
  const home = directory('deaf', {
    'compose.yaml': 'services: {web: {image: box, command: httpd -f -p 80, stop_grace_period: 0s, ports: ["80", "127.0.0.1:0:81"]}}',
  })
  const { code, out, err } = await run(home, 'up')
  assert.equal(code, 0, err)
  assert.match(out, /^web +http:\/\/localhost:\d+\n$/)
  assert.match(err, /^warning: nobody listens for others on port 81 of web, to which port \d+ of this machine leads$/m)
  await run(home, 'down')
})

test('up and run of a service without what it depends on make nothing that only the others use', async () => {
  const home = directory('lone', {
    'compose.yaml': `${pair}networks: {back: }\n`.replace('    volumes: [data', '    networks: [back]\n    volumes: [data'),
  })
  const made = async (): Promise<string> =>
    `${await instance.ok('volume', 'ls', '-q', '--filter', 'label=com.docker.compose.project=lone')} ${await instance.ok('network', 'ls', '--format', '{{.Name}}', '--filter', 'label=com.docker.compose.project=lone')}`
  const { code, err } = await run(home, 'up', '-d', '--no-deps', 'web')
  assert.equal(code, 0, err)
  assert.equal(await made(), ' lone_default')
  assert.equal((await run(home, 'down')).code, 0)
  assert.equal((await run(home, 'run', '--rm', '--no-deps', 'web', 'true')).code, 0)
  assert.equal(await made(), ' lone_default')
  assert.equal((await run(home, 'down')).code, 0)
})

test('a second up changes nothing; one changed value makes one container anew and keeps the data', async () => {
  const home = directory('again', { 'compose.yaml': pair })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const ids = (): Promise<string> => instance.ok('ps', '-q', '--no-trunc', '--filter', 'label=com.docker.compose.project=again')
  await instance.ok('exec', 'again-db-1', 'sh', '-c', 'echo kept > /data/mine')
  const before = await ids()
  const { err: again } = await run(home, 'up', '-d')
  assert.deepEqual(again.trimEnd().split('\n').toSorted(), [' Container again-db-1  Running', ' Container again-web-1  Running'])
  assert.equal(await ids(), before)

  writeFileSync(`${home}/compose.yaml`, pair.replace('GREETING: hello', 'GREETING: bonjour'))
  const { err } = await run(home, 'up', '-d')
  assert.match(err, /Container again-web-1 {2}Recreated/)
  assert.match(err, /^ Container again-db-1 {2}Running$/m)
  const [web, db] = (await ids()).split('\n')
  assert.ok(!before.includes(web ?? ''))
  assert.ok(before.includes(db ?? ''))
  assert.equal(await instance.ok('exec', 'again-db-1', 'cat', '/data/mine'), 'kept')
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('what Galley does not carry out is refused with its place, before anything starts', async () => {
  const home = directory('refused', { 'compose.yaml': 'services:\n  a:\n    image: box\n    isolation: hyperv\n' })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.equal(
    err,
    `galley: compose.yaml:4:5: services.a.isolation is not implemented by Galley\nmore: galley explain compose.unsupported\n`,
  )
})

test('a service that must complete comes first; what depends on one that fails is not started', async () => {
  const job = (code: number): string => `services:
  job: {image: box, command: sh -c 'exit ${code}'}
  app: {image: box, command: sleep 1000, stop_grace_period: 1s, depends_on: {job: {condition: service_completed_successfully}}}
`
  const home = directory('job', { 'compose.yaml': job(0) })
  assert.equal((await run(home, 'up', '--steady', '0.1')).code, 0)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}', '--filter', 'label=com.docker.compose.project=job'), 'job-app-1')
  assert.equal((await run(home, 'down')).code, 0)

  writeFileSync(`${home}/compose.yaml`, job(3))
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1)
  assert.match(err, /service "job-job-1" didn't complete successfully: exit 3/)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}', '--filter', 'label=com.docker.compose.project=job'), '')
  assert.equal((await run(home, 'down')).code, 0)
})

test('two at once take turns', async () => {
  const home = directory('twice', { 'compose.yaml': 'services:\n  a: {image: box, command: sleep 1000, stop_grace_period: 1s}\n' })
  const both = await Promise.all([run(home, 'up', '-d'), run(home, 'up', '-d')])
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  )
  assert.equal(both.filter(({ err }) => err.includes('Container twice-a-1  Created')).length, 1)
  assert.equal((await run(home, 'down')).code, 0)
})

test('an image is built once, after the service that makes what it is built from, and anew on request', async () => {
  const home = directory('built', {
    Dockerfile:
      'FROM box\nARG WORD\nCOPY made.txt /www/index.html\nRUN echo $WORD >> /www/index.html\nCMD ["httpd", "-f", "-p", "80", "-h", "/www"]\n',
    'compose.yaml': `services:
  maker: {image: box, command: sh -c 'cat /proc/sys/kernel/random/uuid > /out/made.txt', volumes: [".:/out"]}
  web:
    build: {context: ., args: {WORD: built}}
    ports: ["80"]
    stop_grace_period: 1s
    depends_on: {maker: {condition: service_completed_successfully}}
`,
  })
  const first = await run(home, 'up')
  assert.equal(first.code, 0, first.err)
  assert.ok(first.err.indexOf('Container built-maker-1  Exited') < first.err.indexOf('Image built-web  Building'), first.err)
  const page = async ({ out }: Outcome): Promise<string> =>
    instance.fetched(/http:\S+/.exec(out)?.[0].replace('localhost', '127.0.0.1') ?? '')
  assert.match(await page(first), /^[0-9a-f-]{36}\nbuilt\n$/)
  assert.doesNotMatch((await run(home, 'up')).err, /built-web {2}Built/)
  const again = await run(home, 'up', '--build')
  assert.match(again.err, /Image built-web {2}Built\n(.|\n)*Container built-web-1 {2}Recreated/)
  assert.match(await page(again), /^[0-9a-f-]{36}\nbuilt\n$/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a Dockerfile may lie beside its context; what the ignore file excludes stays out', async () => {
  const home = directory('beside', {
    'other.Dockerfile': 'FROM box\nCOPY . /www/\nCMD ["ls", "/www"]\n',
    'compose.yaml': 'services:\n  a: {build: {context: ./context, dockerfile: ../other.Dockerfile}}\n',
  })
  directory('beside/context', { kept: '', left: '', '.dockerignore': 'left\n' })
  assert.equal((await run(home, 'up')).code, 0)
  await instance.until(
    async () => (await run(home, 'logs')).out,
    (text) => text === 'a-1  | kept\n',
  )
  assert.equal((await run(home, 'down')).code, 0)
})

test('on a terminal there is a line for each resource, drawn anew in place', async () => {
  const home = directory('drawn', { 'compose.yaml': 'services:\n  a: {image: box, command: sleep 1000, stop_grace_period: 1s}\n' })
  const { code, out } = await instance.command('script', ['-qec', `${galley} up --steady 0.3`, '/dev/null'], {
    cwd: home,
    env: { TERM: 'xterm' },
  })
  assert.equal(code, 0)
  assert.match(out, /\[\+\] Running 2\/2/)
  assert.match(
    out.replaceAll('\x1b[32m', '').replaceAll('\x1b[0m', '').replaceAll('\x1b[K', ''),
    / ✔ Container drawn-a-1 +Up {2}running +\d+\.\ds\r\n/,
  )
  // oxlint-disable-next-line no-control-regex -- up again, to where the lines begin
  assert.match(out, /\x1b\[[23]A/)
  assert.ok(out.indexOf('\x1b[?25l') < out.indexOf('\x1b[?25h'), 'the cursor is back')
  assert.equal((await run(home, 'down')).code, 0)
})
