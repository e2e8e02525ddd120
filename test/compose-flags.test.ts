import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** Flags of docker compose's verbs beside the usual ones: each is carried out, or refused by its name. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const idOf = (name: string): Promise<string> => instance.ok('inspect', '-f', '{{.Id}}', name)

const two = `services:
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["/kept"]}
  app: {image: box, command: sleep 1000, stop_grace_period: 0s, depends_on: [db]}
`

test('up: what is named is made anew, what it depends on with --always-recreate-deps', async () => {
  const home = directory('anew', { 'compose.yaml': two })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const before = [await idOf('anew-db-1'), await idOf('anew-app-1')]
  assert.equal((await run(home, 'compose', 'up', '-d', '--force-recreate', 'app')).code, 0)
  const after = [await idOf('anew-db-1'), await idOf('anew-app-1')]
  assert.equal(after[0], before[0])
  assert.notEqual(after[1], before[1])
  assert.equal((await run(home, 'compose', 'up', '-d', '--always-recreate-deps', 'app')).code, 0)
  assert.deepEqual([(await idOf('anew-db-1')) === after[0], (await idOf('anew-app-1')) === after[1]], [false, true])
  assert.match(
    (await run(home, 'up', '--always-recreate-deps', '--no-recreate')).err,
    /--always-recreate-deps and --no-recreate are incompatible/,
  )
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('up -V gives what is made anew anonymous volumes of its own; without, it has those of the one before', async () => {
  const home = directory('renew', { 'compose.yaml': two })
  const kept = async (): Promise<string> => (await instance.docker('exec', 'renew-db-1', 'ls', '/kept')).out.trim()
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await instance.ok('inspect', '-f', '{{(index .Mounts 0).Mode}}', 'renew-db-1'), 'z', 'as docker compose asks for it')
  await instance.ok('exec', 'renew-db-1', 'touch', '/kept/it')
  assert.equal((await run(home, 'up', '-d', '--force-recreate')).code, 0)
  assert.equal(await kept(), 'it')
  assert.equal((await run(home, 'compose', 'up', '-d', '-V')).code, 0)
  assert.equal(await kept(), '')
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('up --no-build builds nothing, and says which image is not there', async () => {
  const home = directory('unbuilt', {
    Dockerfile: 'FROM box\nRUN echo says-the-build; echo $((6 * 7)) > /made\nCMD ["sleep", "1000"]\n',
    'compose.yaml': 'services:\n  app: {build: ., stop_grace_period: 0s}\n',
  })
  const refused = await run(home, 'compose', 'up', '-d', '--no-build')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /No such image: unbuilt-app\nhint: --no-build/)
  assert.match((await run(home, 'up', '--build', '--no-build')).err, /--build and --no-build are incompatible/)
  const loud = await run(home, 'up', '-d', '--verbose')
  assert.match(loud.err, /\| says-the-build|says-the-build/)
  writeFileSync(`${home}/Dockerfile`, readFileSync(`${home}/Dockerfile`, 'utf8').replace('6 *', '7 *'))
  const quiet = await run(home, 'compose', 'up', '-d', '--build', '--quiet-build', '--verbose')
  assert.equal(quiet.code, 0, quiet.err)
  assert.match(quiet.err, /Image unbuilt-app {2}Built/)
  assert.doesNotMatch(quiet.err, /says-the-build/)
  writeFileSync(`${home}/Dockerfile`, 'FROM box\nRUN echo why-it-fails; exit 3\n')
  assert.match((await run(home, 'up', '-d', '--build', '--quiet-build')).err, /why-it-fails/)
  assert.equal((await run(home, 'up', '-d', '--no-build')).code, 0)
  assert.equal((await run(home, 'down', '--rmi', 'local')).code, 0)
})

test('up --wait-timeout ends the wait for a service that does not become healthy', async () => {
  const home = directory('ill', {
    'compose.yaml': `services:
  app: {image: box, command: sleep 1000, stop_grace_period: 0s, healthcheck: {test: "false", interval: 60s, start_period: 60s}}
`,
  })
  const { code, err } = await run(home, 'compose', 'up', '--wait', '--wait-timeout', '1')
  assert.equal(code, 1)
  assert.match(err, /not up after 1 s/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('an attached up shows the services that it is told to, as it is told to', async () => {
  const home = directory('shown', {
    'compose.yaml': `services:
  db: {image: box, command: echo from-db}
  app: {image: box, command: echo from-app, depends_on: [db]}
`,
  })
  const shown = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(home, 'compose', 'up', ...args)
    assert.equal(code, 0, err)
    assert.equal((await run(home, 'down')).code, 0)
    assert.match(out, /^Attaching to \S+/)
    const lines = out.split('\n').filter((line) => !/^Attaching to |exited with code 0$/.test(line))
    return lines.toSorted().join('\n').trim()
  }
  assert.equal(await shown(), 'app-1  | from-app\ndb-1   | from-db')
  assert.equal(await shown('app'), 'app-1  | from-app')
  assert.equal(await shown('--attach-dependencies', 'app'), 'app-1  | from-app\ndb-1   | from-db')
  assert.equal(await shown('--attach', 'db'), 'db-1  | from-db')
  assert.equal(await shown('--no-attach', 'db', '--no-log-prefix', '--no-color', '--menu=false'), 'from-app')
  assert.match(await shown('--no-attach=app', '--timestamps'), /^db-1 {2}\| \d{4}-\d\d-\d\dT\S+Z from-db$/)
  const refused = async (...args: string[]): Promise<string> => (await run(home, 'compose', 'up', ...args)).err
  assert.match(await refused('--attach', 'nobody'), /cannot attach to services not included in up: nobody/)
  assert.match(await refused('--attach', 'db', '--attach-dependencies'), /--attach and --attach-dependencies are incompatible/)
  assert.match(await refused('-d', '--attach-dependencies'), /--detach and --wait cannot be combined/)
  assert.match(await refused('--menu'), /--menu is not implemented by Galley\nhint: /)
})

test('up --watch shows what services write, also after files that changed restarted them', async () => {
  const home = directory('watching', {
    word: 'one\n',
    'compose.yaml': `services:
  app:
    image: box
    init: true
    command: sh -c 'cat /word; sleep 1000'
    stop_grace_period: 0s
    volumes: ["./word:/word"]
    develop: {watch: [{path: ./word, action: restart}]}
`,
  })
  const child = spawn(galley, ['compose', 'up', '--watch'], { cwd: home, env: { ...process.env, GALLEY_SOCKET: instance.socket } })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const seen = (text: () => string, what: string): Promise<unknown> => instance.until(text, (all) => all.includes(what))
  try {
    await seen(() => err, 'Watch enabled')
    await seen(() => out, '| one')
    writeFileSync(`${home}/word`, 'two\n')
    await seen(() => out, '| two')
  } finally {
    child.kill('SIGINT')
  }
  assert.equal(await ended, 130, err)
  assert.equal(out.match(/\| one/g)?.length, 1, out)
  writeFileSync(`${home}/compose.yaml`, two)
  assert.match((await run(home, 'compose', 'up', '--watch')).err, /none of the selected services is configured for watch/)
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('run takes capabilities; -q keeps what goes on from being told, and no failure', async () => {
  const home = directory('once', { 'compose.yaml': 'services:\n  app: {image: box, cap_drop: [CHOWN]}\n' })
  const given = async (...args: string[]): Promise<bigint> => {
    const { code, out, err } = await run(home, 'compose', 'run', '-q', '-T', '--rm', ...args, 'app', 'grep', 'CapEff', '/proc/self/status')
    assert.equal(code, 0, err)
    assert.equal(err, '')
    return BigInt(`0x${out.split(/\s+/)[1]}`)
  }
  const usual = await given()
  assert.equal((await given('--cap-add', 'NET_ADMIN')) ^ usual, 1n << 12n)
  assert.equal((await given('--cap-drop', 'KILL')) ^ usual, 1n << 5n)
  writeFileSync(`${home}/compose.yaml`, 'services:\n  app: {image: "127.0.0.1:1/none:1"}\n')
  const failed = await run(home, 'compose', 'pull', '-q')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /127\.0\.0\.1:1/)
  assert.equal((await run(home, 'compose', 'down')).code, 0)
})
