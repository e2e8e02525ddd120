import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { Instance, type Outcome } from './instance.ts'
import { newerPlugin } from './newer-clients.ts'
import { galley, Projects } from './projects.ts'

/** What programs get of galley's verbs: -o, --format and --progress. */
const instance = new Instance()
const { directory, run } = new Projects(instance)
let home = ''

const project = `
services:
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"], healthcheck: {test: "true", interval: 100ms}}
  web: {image: box, command: httpd -f -p 80 -h /data, stop_grace_period: 0s, ports: ["127.0.0.1::80"]}
  job: {image: box, command: sh -c "exit 0", labels: {a: "b,c"}}
volumes: {data: {}}
`

before(async () => {
  await instance.start()
  await instance.importBox()
  home = directory('told', { 'compose.yaml': project })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 0, err)
})

after(() => instance.stop())

async function json(...args: string[]): Promise<unknown> {
  const { code, out, err } = await run(home, ...args)
  assert.equal(code, 0, err)
  return JSON.parse(out)
}

const plugin = await newerPlugin('docker-compose')
const skip = plugin === undefined ? 'docker compose 2.40 is not here, and no Debian suite that has it can be reached' : false

/** What docker compose prints as JSON: an array, or an object a line. */
async function composed(...args: string[]): Promise<unknown[]> {
  const { code, out, err } = await instance.command(plugin ?? '', args, { cwd: home })
  assert.equal(code, 0, err)
  const text = out.trim()
  return text.startsWith('[') ? (JSON.parse(text) as unknown[]) : objectsIn(text)
}

/** One a line. */
function objectsIn(text: string): Readonly<Record<string, unknown>>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

interface Row {
  readonly Name?: string
  readonly ContainerName?: string
  readonly Labels?: string
  readonly Mounts?: string
  readonly [field: string]: unknown
}

/** Without what grows with the time, and with labels in one order: docker compose's is another at each call. */
function compared(rows: readonly unknown[]): object[] {
  return (rows as Row[])
    .map(({ RunningFor: _r, Status: _s, Service: _v, LastTagTime: _l, Labels, Mounts, ...rest }) => ({
      ...rest,
      // docker compose cuts a long name.
      Mounts: Mounts?.slice(0, 10),
      Labels: Labels?.split(',').toSorted(),
    }))
    .toSorted((a, b) => String(a['Name'] ?? a['ContainerName']).localeCompare(String(b['Name'] ?? b['ContainerName'])))
}

test('ps, ls and images give programs what docker compose gives them', { skip }, async () => {
  for (const args of [['ps', '-a'], ['ls', '-a'], ['images']]) {
    const [verb = ''] = args
    const [own, theirs] = [await json(...args, '-o', 'json'), await composed(...args, '--format', 'json')]
    assert.ok(theirs.length > 0)
    assert.deepEqual(compared(own as unknown[]), compared(theirs), verb)
    const { out } = await run(home, ...args, '--format', 'json')
    assert.equal(out.trim().startsWith('['), verb !== 'ps', 'ps prints an object a line, as docker compose does')
  }
})

test('events give programs what docker compose gives them', { skip }, async () => {
  const since = String(Date.now() / 1000)
  await run(home, 'restart', 'web')
  const until = String(Date.now() / 1000)
  const { out } = await run(home, 'events', '-o', 'json', '--since', since, '--until', until)
  const own = objectsIn(out)
  assert.ok(own.length >= 3, out)
  // docker compose calls the end of the stream an error.
  const theirs = await instance.command(plugin ?? '', ['events', '--json', '--since', since, '--until', until], { cwd: home })
  assert.deepEqual(own, objectsIn(theirs.out))
})

test('-o says the same as JSON, as YAML and by name', async () => {
  const cases: readonly (readonly [args: readonly string[], names: RegExp])[] = [
    [['ps'], /^told-db-1\ntold-web-1\n$/],
    [['ls'], /^told\n$/],
    [['images'], /^box:latest\n/],
    [['port', 'web', '80'], /^127\.0\.0\.1:\d+\n$/],
    [['version'], /^\d+\.\d+\.\d+\n$/],
    [['env'], /^DOCKER_HOST\n$/],
    [['daemon', 'status', '--run', instance.run], /^running\n$/],
    [['registry', 'user', 'list'], /^$/],
    [['images', 'catalogue'], /^(\S+:\S+\n){20,}$/],
    [['diff'], /^Container told-job-1\n$/],
    [['lint'], /^(untagged-image\n)+$/],
  ]
  for (const [args, names] of cases) {
    const [asJson, asYaml, asNames] = [
      await run(home, ...args, '-o', 'json'),
      await run(home, ...args, '-o', 'yaml'),
      await run(home, ...args, '-o', 'name'),
    ]
    const timeless = (value: unknown): string => JSON.stringify(value).replaceAll(/"[^"]*(seconds?|minutes?|Less than)[^"]*"/g, '""')
    assert.equal(timeless(parse(asYaml.out)), timeless(JSON.parse(asJson.out)), args.join(' '))
    assert.match(asNames.out, names, args.join(' '))
    const wrong = await run(home, ...args, '-o', 'xml')
    assert.equal(wrong.code, 2)
    assert.match(wrong.err, /-o takes json, yaml or name, not "xml"/)
  }
})

test('top and logs name the container that each process and line is of', async () => {
  const [web] = (await json('top', 'web', '-o', 'json')) as { Container: string; Processes: { CMD: string }[] }[]
  assert.equal(web?.Container, 'told-web-1')
  assert.match(web.Processes[0]?.CMD ?? '', /^httpd -f/)
  const talk = directory('talk', { 'compose.yaml': `services: {a: {image: box, command: 'sh -c "echo one; echo two >&2; echo"'}}` })
  await run(talk, 'up')
  await instance.ok('wait', 'talk-a-1')
  const { out, err } = await run(talk, 'logs', '-o', 'json')
  const lines = objectsIn(out)
  assert.deepEqual(
    lines.map(({ time: _time, ...rest }) => rest).toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    ['', 'one', 'two']
      .map((line) => ({ container: 'talk-a-1', service: 'a', stream: line === 'two' ? 'stderr' : 'stdout', line }))
      .toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
  )
  assert.ok(lines.every(({ time }) => Date.parse(String(time)) > 0))
  assert.equal(err, '')
  assert.equal(parse((await run(talk, 'logs', '-o', 'yaml')).out.split('---\n').at(-1) ?? '').container, 'talk-a-1')
  await run(talk, 'down')
})

test('--progress json tells each change with its time, and why something failed', async () => {
  const { code, out, err } = await run(home, 'restart', '--progress', 'json', 'web')
  assert.equal(code, 0)
  assert.equal(err, '')
  const steps = objectsIn(out)
  assert.deepEqual(
    steps.map(({ resource, state }) => [resource, state]),
    [
      ['Container told-web-1', 'working'],
      ['Container told-web-1', 'done'],
    ],
  )
  assert.ok(steps.every(({ ms, id }) => typeof ms === 'number' && typeof id === 'string'))
  const broken = directory('broken', { 'compose.yaml': 'services: {a: {image: box, command: no-such-program, restart: "no"}}' })
  const failed = await run(broken, 'up', '--progress', 'json')
  assert.equal(failed.code, 1)
  const told = objectsIn(failed.out)
  assert.ok(
    told.some(({ type, error }) => type !== 'finding' && /no-such-program/.test(String(error))),
    failed.out,
  )
  assert.equal(told.at(-1)?.['type'], 'end')
  await run(broken, 'down')
})

test('--progress plain, quiet and tty draw lines, nothing, and lines anew', async () => {
  const restart = async (mode: string): Promise<string> => (await run(home, 'restart', '--progress', mode, 'web')).err
  assert.equal(await restart('plain'), ' Container told-web-1  Restarting\n Container told-web-1  Started\n')
  assert.equal(await restart('quiet'), '')
  assert.ok((await restart('tty')).startsWith('\x1b[?25l'))
  assert.equal((await run(home, 'compose', '--progress', 'quiet', 'restart', 'web')).err, '')
  const wrong = await run(home, 'restart', '--progress', 'loud')
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /--progress takes auto, tty, plain, json, quiet, not "loud"/)
})

test('COMPOSE_PROGRESS says how to tell what goes on where --progress does not, and leaves answers alone', async () => {
  const told = (mode: string, ...args: string[]): Promise<Outcome> =>
    instance.command(galley, args, { cwd: home, env: { COMPOSE_PROGRESS: mode } })
  const plain = ' Container told-web-1  Restarting\n Container told-web-1  Started\n'
  for (const before of [[], ['compose']]) {
    assert.equal((await told('quiet', ...before, 'restart', 'web')).err, '')
    assert.equal((await told('', ...before, 'restart', 'web')).err, plain)
    assert.ok((await told('tty', ...before, 'restart', 'web')).err.startsWith('\x1b[?25l'))
    assert.equal(objectsIn((await told('json', ...before, 'restart', 'web')).out).at(-1)?.['state'], 'done')
    const wrong = await told('loud', ...before, 'restart', 'web')
    assert.notEqual(wrong.code, 0)
    assert.match(wrong.err, /COMPOSE_PROGRESS takes auto, tty, plain, json, quiet, not "loud"/)
  }
  assert.equal((await told('quiet', 'restart', '--progress', 'plain', 'web')).err, plain)
  assert.equal((await told('quiet', 'compose', '--progress', 'plain', 'restart', 'web')).err, plain)
  assert.equal((await told('loud', 'restart', '--progress', 'auto', 'web')).err, plain)
  assert.match((await told('quiet', 'stop', '--dry-run', 'web')).err, /Container told-web-1 {2}stop/)
})

test('COMPOSE_ANSI and --ansi say whether lines are drawn anew and logs have colours, wherever they go', async () => {
  const talks = directory('talks', { 'compose.yaml': 'services: {a: {image: box, command: echo hello}}' })
  await run(talks, 'up')
  const told = (ansi: string, ...args: string[]): Promise<Outcome> =>
    instance.command(galley, args, { cwd: home, env: { COMPOSE_ANSI: ansi } })
  const plain = ' Container told-web-1  Restarting\n Container told-web-1  Started\n'
  assert.equal((await told('auto', 'restart', 'web')).err, plain)
  assert.equal((await told('maybe', 'restart', 'web')).err, plain)
  for (const words of [
    ['compose', '--ansi', 'always', 'restart', 'web'],
    ['restart', 'web'],
  ])
    assert.ok((await told('always', ...words)).err.startsWith('\x1b[?25l'))
  assert.equal((await told('always', 'compose', '--ansi', 'never', 'restart', 'web')).err, plain)
  assert.equal((await told('always', 'restart', '--progress', 'plain', 'web')).err, plain)
  assert.equal((await told('always', 'logs', '-p', 'talks', 'a')).out, '\x1b[36ma-1  | \x1b[0mhello\n')
  assert.equal((await told('auto', 'logs', '-p', 'talks', 'a')).out, 'a-1  | hello\n')
  await run(talks, 'down')
})

test('Ctrl-C leaves the terminal as it was found, and says what is left', async () => {
  const slow = directory('slow', { 'compose.yaml': 'services: {a: {image: box, command: sleep 1000, stop_grace_period: 100s}}' })
  await run(slow, 'up', '-d')
  const env = { PATH: process.env['PATH'] ?? '', HOME: instance.home, GALLEY_SOCKET: instance.socket }
  const child = spawn(galley, ['stop', '--progress', 'tty'], { cwd: slow, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  await instance.until(
    () => err,
    (text) => text.includes('Container slow-a-1  Stopping'),
  )
  child.kill('SIGINT')
  assert.deepEqual(await ended, [130, null])
  assert.ok(err.endsWith('\x1b[?25hInterrupted: what is done stays.\n'), err)
  await run(slow, 'down', '-t', '0')
})

test('NO_COLOR, CI and TERM=dumb are heeded', async () => {
  const drawn = async (env: Readonly<Record<string, string>>): Promise<string> => {
    // An input that stays open: at its end, script may lose what is printed last.
    const line = `[ -e open ] || mkfifo open; script -qec '${galley} restart web 2>&1' /dev/null 0<>open`
    return (await instance.command('sh', ['-c', line], { cwd: home, env: { TERM: 'xterm', ...env } })).out
  }
  assert.ok((await drawn({})).includes('\x1b[32m✔\x1b[0m'))
  const colourless = await drawn({ NO_COLOR: '1' })
  assert.match(colourless, /✔ Container told-web-1/)
  assert.doesNotMatch(colourless.replaceAll('\x1b', '␛'), /␛\[\d+m/)
  for (const env of [{ CI: 'true' }, { TERM: 'dumb' }, { COMPOSE_ANSI: 'never' }])
    assert.equal((await drawn(env)).replaceAll('\r', ''), ' Container told-web-1  Restarting\n Container told-web-1  Started\n')
})

test('port without a port lists all that a service publishes, and says of one that publishes none what is the matter', async () => {
  const { code, out } = await run(home, 'port', 'web')
  assert.equal(code, 0)
  assert.match(out, /^80\/tcp -> 127\.0\.0\.1:\d+\n$/)
  const none = await run(home, 'port', 'db')
  assert.equal(none.code, 3)
  assert.match(none.err, /^galley: service db publishes no port\nhint: It publishes none\.\n/)
})

test('a service that is declared and has no container is told as that, not as one that there is not', async () => {
  const place = directory('declared', {
    'compose.yaml': `${project}  late: {image: box, profiles: [late]}\n`.replace('volumes: {data: {}}\n', ''),
  })
  const { code, err } = await run(place, 'port', '-p', 'told', '-f', 'compose.yaml', 'late', '80')
  assert.equal(code, 3)
  assert.match(err, /^galley: service "late" is not running\nhint: galley up makes its containers\./)
  assert.match(
    (await run(place, 'port', '-p', 'told', '-f', 'compose.yaml', 'lat', '80')).err,
    /^galley: no such service: lat\nhint: Did you mean late\?/,
  )
})

test('where there is no project, logs takes containers by name, and says of a name that none has it', async () => {
  const place = directory('nowhere', {})
  assert.equal((await instance.docker('run', '--name', 'lone', 'box', 'echo', 'written')).code, 0)
  const { code, out } = await run(place, 'logs', 'lone')
  assert.equal(code, 0)
  assert.match(out, /^lone *\| written\n$/)
  assert.match((await run(place, 'logs', '-f', 'lone')).out, /^lone *\| written\n/)
  const none = await run(place, 'logs', 'nosuch')
  assert.equal(none.code, 3)
  assert.match(
    none.err,
    /^galley: there is no container nosuch, and no Compose file here .*\nmore: galley explain container\.not-found\n$/s,
  )
  assert.match((await run(place, 'logs')).err, /^galley: no Compose file and no Dockerfile here\n/)
})

test('explain says whose text it tells of an id that has none of its own', async () => {
  assert.match((await run(home, 'explain', 'container.bogus')).out, /^container\.bogus \(container\.\*\): /)
  const { code, err } = await run(home, 'explain', 'unknown.id')
  assert.equal(code, 3)
  assert.match(err, /there is no error and no rule unknown\.id\n.*\nmore: galley explain explain\.unknown\n$/s)
})
