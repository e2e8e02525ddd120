import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { galley, Projects } from './projects.ts'

/** What docker compose's own end-to-end tests found: docs/support/client-suites.md tells how they went. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const sleeper = '{image: box, command: sleep 1000, stop_grace_period: 0s}'

test('what docker compose labels with its version is labelled so, and images are listed as it lists them', async () => {
  const home = directory('told', {
    'compose.yaml': `services:\n  app: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"]}\nvolumes: {data: }\n`,
  })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const version = '{{index .Labels "com.docker.compose.version"}}'
  assert.match(await instance.ok('inspect', '-f', '{{index .Config.Labels "com.docker.compose.version"}}', 'told-app-1'), /^2\.\d+\.\d+$/)
  assert.match(await instance.ok('network', 'inspect', '-f', version, 'told_default'), /^2\.\d+\.\d+$/)
  assert.match(await instance.ok('volume', 'inspect', '-f', version, 'told_data'), /^2\.\d+\.\d+$/)
  const { out } = await run(home, 'compose', 'images')
  assert.match(out, /^CONTAINER +REPOSITORY +TAG +PLATFORM +IMAGE ID +SIZE +CREATED\n/)
  assert.match(out, /\ntold-app-1 +box +latest +linux\/\S+ +[0-9a-f]{12} +[\d.]+[kM]?B +.* ago\n$/)
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('what run left is listed by ps -a, told of as an orphan, and killed while it runs', async () => {
  const home = directory('runs', { 'compose.yaml': `services:\n  app: ${sleeper}\n` })
  const first = await run(home, 'run', 'app', 'true')
  assert.deepEqual([first.code, /orphan/.test(first.err)], [0, false], first.err)
  assert.match((await run(home, 'ps', '-a')).out, /^runs-app-run-\S+ .*Exited \(0\)/m)
  assert.doesNotMatch((await run(home, 'ps')).out, /-run-/)
  assert.match((await run(home, 'run', 'app', 'true')).err, /Found orphan containers \(\[runs-app-run-\S+\]\)/)
  const ignored = await instance.command(galley, ['run', 'app', 'true'], { cwd: home, env: { COMPOSE_IGNORE_ORPHANS: '1' } })
  assert.doesNotMatch(ignored.err, /orphan/)
  const { out } = await run(home, 'run', '-d', 'app', 'sleep', '1000')
  assert.equal((await run(home, 'kill')).code, 0)
  assert.equal(await instance.ok('inspect', '-f', '{{.State.Running}}', out.trim()), 'false')
  assert.equal((await run(home, 'down')).code, 0)
})

test('orphans are told of and removed by up of one service, too: those of services that it leaves out are none', async () => {
  const home = directory('some', { 'compose.yaml': `services:\n  a: ${sleeper}\n  b: ${sleeper}\n  old: ${sleeper}\n` })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, `services:\n  a: ${sleeper}\n  b: ${sleeper}\n`)
  assert.match((await run(home, 'up', '-d', 'a')).err, /Found orphan containers \(\[some-old-1\]\)/)
  assert.equal((await run(home, 'up', '-d', '--no-deps', '--remove-orphans', 'a')).code, 0)
  assert.deepEqual((await instance.ok('ps', '--format', '{{.Names}}')).split('\n').toSorted(), ['some-a-1', 'some-b-1'])
  assert.equal((await run(home, 'down')).code, 0)
})

test('two services may have one name of a container as long as only one of them comes up', async () => {
  const named = '{image: box, command: sleep 1000, stop_grace_period: 0s, container_name: taken}'
  const home = directory('named', { 'compose.yaml': `services:\n  one: ${named}\n  two: ${named}\n` })
  const both = await run(home, 'compose', 'up', '-d')
  assert.equal(both.code, 1)
  assert.match(both.err, /container name "taken" is already in use by service one/)
  assert.equal((await run(home, 'up', '-d', 'two')).code, 0)
  assert.equal(await instance.ok('inspect', '-f', '{{index .Config.Labels "com.docker.compose.service"}}', 'taken'), 'two')
  assert.equal((await run(home, 'down')).code, 0)
})

test('a dependency without a health check that ends is told by its end, one that runs on by what it lacks', async () => {
  const project = (command: string): string => `services:
  db: {image: box, command: ${command}, stop_grace_period: 0s}
  app: {image: box, depends_on: {db: {condition: service_healthy}}}
`
  const home = directory('ends', { 'compose.yaml': project('sh -c "exit 1"') })
  assert.match((await run(home, 'up', '-d')).err, /dependency failed to start: container ends-db-1 exited \(1\)/)
  writeFileSync(`${home}/compose.yaml`, project('sleep 1000'))
  assert.match((await run(home, 'up', '-d')).err, /dependency failed to start: container ends-db-1 has no healthcheck configured/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('what others still use stays, and does not make down fail', async () => {
  const home = directory('shared', {
    'compose.yaml': `services:\n  app: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"]}\nvolumes: {data: }\n`,
  })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const guest = await instance.ok('run', '-d', '-v', 'shared_data:/data', '--network', 'shared_default', 'box', 'sleep', '1000')
  const { code, err } = await run(home, 'down', '-v')
  assert.equal(code, 0, err)
  assert.match(err, /^ Volume shared_data {2}Resource is still in use$/m)
  assert.match(err, /^ Network shared_default {2}Resource is still in use$/m)
  await instance.ok('rm', '-f', guest)
  assert.match((await run(home, 'down', '-v')).err, /^ Volume shared_data {2}Removed$/m)
})

test('an image is built after that of a service that it depends on, whose name it begins with', async () => {
  const home = directory('order', {
    'compose.yaml': `services:
  app: {build: {context: ., dockerfile: app.Dockerfile}, depends_on: [base]}
  base: {image: order-own-base, build: {context: ., dockerfile: base.Dockerfile}}
`,
    'app.Dockerfile': 'FROM order-own-base\nRUN test -e /made\n',
    'base.Dockerfile': 'FROM box\nRUN touch /made\n',
  })
  const { code, err } = await run(home, 'compose', 'build')
  assert.equal(code, 0, err)
  assert.equal((await run(home, 'down', '--rmi', 'all')).code, 0)
})

test('watch knows what initial_sync was called before, and makes a container anew at each rebuild', async () => {
  const home = directory('former', {
    'compose.yaml': `services:
  app:
    build: .
    stop_grace_period: 0s
    develop:
      watch:
        - {path: ./here, action: sync, target: /there, x-initialSync: true}
        - {path: ./again, action: rebuild}
`,
    Dockerfile: 'FROM box\nCMD ["sleep", "1000"]\n',
    'here/it': 'one\n',
    'again/it': 'one\n',
  })
  const child = spawn(galley, ['watch'], {
    cwd: home,
    env: { ...process.env, GALLEY_SOCKET: instance.socket },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await instance.until(
      () => Promise.resolve(told),
      (text) => text.includes('Watch enabled'),
    )
    assert.match(told, /x-initialSync is DEPRECATED, please use the official `initial_sync` attribute/)
    assert.equal(await instance.ok('exec', 'former-app-1', 'cat', '/there/it'), 'one')
    const before = await instance.ok('inspect', '-f', '{{.Id}}', 'former-app-1')
    writeFileSync(`${home}/again/it`, 'two\n')
    await instance.until(
      async () => (await instance.docker('inspect', '-f', '{{.Id}} {{.State.Running}}', 'former-app-1')).out.trim(),
      (now) => now.endsWith(' true') && !now.startsWith(before),
    )
  } finally {
    child.kill('SIGINT')
    await ended
  }
  assert.equal((await run(home, 'down', '--rmi', 'local')).code, 0)
})

test('run takes volumes by the plural, and a hook of a file that is named counts for what another file made', async () => {
  const hook = (command: string): string =>
    `services:\n  app: {image: box, command: sleep 1000, stop_grace_period: 0s, pre_stop: [{command: ${command}}]}\n`
  const home = directory('mended', { 'compose.yaml': hook('"false"'), 'better.yaml': hook('"true"'), 'here/it': 'seen\n' })
  assert.equal((await run(home, 'run', '--rm', '--volumes', './here:/there', '--labels', 'a=b', 'app', 'cat', '/there/it')).out, 'seen\n')
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const refused = await run(home, 'down')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /Container mended-app-1 {2}Error {2}app hook exited with status 1/)
  assert.equal((await run(home, 'compose', '-f', 'better.yaml', 'down')).code, 0)
})

test('stop leaves containers of services alone that the file does not have, and tells of those that have ended', async () => {
  const home = directory('kept', {
    'compose.yaml': `services:\n  a: ${sleeper}\n  ended: {image: box, command: "true"}\n  old: ${sleeper}\n`,
  })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, `services:\n  a: ${sleeper}\n  ended: {image: box, command: "true"}\n`)
  const { code, err } = await run(home, 'stop')
  assert.equal(code, 0, err)
  assert.match(err, /Container kept-ended-1 {2}Stopped/)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}'), 'kept-old-1')
  writeFileSync(`${home}/compose.yaml`, 'services: {a: [')
  assert.equal((await run(home, 'stop')).code, 0)
  assert.equal(await instance.ok('ps', '-q'), '', 'a broken file keeps nothing from being stopped')
  assert.equal((await run(home, 'down')).code, 0)
})

test('an attached up shows what hooks print among what containers write', async () => {
  const home = directory('hooked', {
    'compose.yaml': `services:
  one: {image: box, command: sleep 1}
  two: {image: box, command: sleep 1000, stop_grace_period: 0s, pre_stop: [{command: echo the hook runs}]}
`,
  })
  const { code, out } = await run(home, 'compose', 'up', '--abort-on-container-exit')
  assert.equal(code, 0)
  assert.match(out, /^two-1 -> {2}\| the hook runs$/m)
  assert.equal((await run(home, 'down')).code, 0)
})
