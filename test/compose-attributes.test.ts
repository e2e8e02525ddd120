import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { Projects } from './projects.ts'
import { RegistryServer } from './registry-server.ts'

/** Attributes of services that say when Compose does something again, and images whose files are mounted. */
const instance = new Instance()
const registry = new RegistryServer(await freePorts())
const { directory, run } = new Projects(instance)

before(async () => {
  await registry.start()
  await instance.start()
  await instance.importBox()
})

after(async () => {
  await instance.stop()
  await registry[Symbol.asyncDispose]()
})

const startedAt = (name: string): Promise<string> => instance.ok('inspect', '-f', '{{.State.StartedAt}}', name)

test('restart restarts what says that it restarts with its dependency, after that is healthy, and no others', async () => {
  const home = directory('chain', {
    'compose.yaml': `services:
  db:
    image: box
    command: sh -c 'sleep 0.5; touch /tmp/ready; exec sleep 1000'
    stop_grace_period: 0s
    healthcheck: {test: test -e /tmp/ready, interval: 1s, start_interval: 100ms, start_period: 60s}
  app: {image: box, command: sleep 1000, stop_grace_period: 0s, depends_on: {db: {condition: service_healthy, restart: true}}}
  web: {image: box, command: sleep 1000, stop_grace_period: 0s, depends_on: {app: {condition: service_started, restart: true}}}
  other: {image: box, command: sleep 1000, stop_grace_period: 0s, depends_on: [db]}
`,
  })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const services = ['db', 'app', 'web', 'other']
  const times = (): Promise<string[]> => Promise.all(services.map((service) => startedAt(`chain-${service}-1`)))
  let told = ''
  const changed = async (...args: string[]): Promise<string[]> => {
    const before = await times()
    const { code, err } = await run(home, ...args)
    assert.equal(code, 0, err)
    told = err
    const now = await times()
    return services.filter((_service, index) => before[index] !== now[index])
  }
  await instance.ok('exec', 'chain-db-1', 'rm', '/tmp/ready')
  assert.deepEqual(await changed('restart', 'db'), ['db', 'app', 'web'])
  assert.match(told, /^ Container chain-db-1 {2}Waiting\n Container chain-db-1 {2}Healthy$/m)
  const [db = '', app = '', web = ''] = await times()
  assert.ok(Date.parse(app) - Date.parse(db) >= 500 && app < web, `${db} ${app} ${web}`)
  assert.deepEqual(await changed('restart', '--no-deps', 'db'), ['db'])
  assert.deepEqual(await changed('restart', 'web'), ['web'])
  assert.equal((await run(home, 'down')).code, 0)
})

test('pull_policy by age pulls an image again when it was pulled long enough ago, and makes the container anew when it is another one', async () => {
  const name = `${registry.host}/aged:1`
  await instance.ok('tag', 'box', name)
  await instance.ok('push', name)
  const file = (policy: string): string =>
    `services:\n  app: {image: "${name}", command: sleep 1000, stop_grace_period: 0s, pull_policy: ${policy}}\n`
  const home = directory('aged', { 'compose.yaml': file('daily') })
  await instance.ok('rmi', name)
  assert.match((await run(home, 'up', '-d')).err, /Image \S+ {2}Pulled/)
  const first = await instance.ok('inspect', '-f', '{{.Image}}', 'aged-app-1')
  // The registry has another one under the same name now.
  await instance.ok('run', '--name', 'changed', 'box', 'touch', '/changed')
  await instance.ok('commit', 'changed', name)
  await instance.ok('push', name)
  await instance.ok('tag', 'box', name)
  await instance.ok('rm', 'changed')
  for (const policy of ['daily', 'weekly', 'every_1h30m', 'missing']) {
    writeFileSync(`${home}/compose.yaml`, file(policy))
    const { code, err } = await run(home, 'up', '-d')
    assert.equal(code, 0, err)
    assert.doesNotMatch(err, /Pull/, policy)
  }
  writeFileSync(`${home}/compose.yaml`, file('every_1s'))
  await sleep(systemClock, 1100)
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 0, err)
  assert.match(err, /Image \S+ {2}Pulled/)
  assert.notEqual(await instance.ok('inspect', '-f', '{{.Image}}', 'aged-app-1'), first)
  assert.equal((await run(home, 'down')).code, 0)
})

test("an image's files are mounted, all of them or a part, and it is pulled or built first", async () => {
  await instance.ok('tag', 'box', `${registry.host}/files:1`)
  await instance.ok('push', `${registry.host}/files:1`)
  await instance.ok('rmi', `${registry.host}/files:1`)
  const home = directory('mounted', {
    Dockerfile: 'FROM scratch\nCOPY words.txt /words/\n',
    'words.txt': 'from the image\n',
    'compose.yaml': `services:
  app:
    image: box
    command: sleep 1000
    stop_grace_period: 0s
    volumes:
      - {type: image, source: mounted-words, target: /words, read_only: true, image: {subpath: words}}
      - {type: image, source: "${registry.host}/files:1", target: /files}
  words: {image: mounted-words, build: ., command: /never, scale: 0}
`,
  })
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 0, err)
  assert.equal(await instance.ok('exec', 'mounted-app-1', 'cat', '/words/words.txt'), 'from the image')
  assert.notEqual((await instance.docker('exec', 'mounted-app-1', 'touch', '/words/more')).code, 0)
  assert.match(await instance.ok('exec', 'mounted-app-1', 'ls', '/files/bin'), /busybox|sh/)
  assert.deepEqual(await run(home, 'diff'), { code: 0, out: '', err: '' })
  assert.equal((await run(home, 'down')).code, 0)
})

test('a container is made anew when an image that it mounts is another one, as docker compose 5 does, and else goes on', async () => {
  const home = directory('remounted', {
    Dockerfile: 'FROM scratch\nCOPY words.txt /words/\n',
    'words.txt': 'first\n',
    'compose.yaml': `services:
  app:
    image: box
    command: sleep 1000
    stop_grace_period: 0s
    volumes:
      - {type: image, source: remounted-words, target: /words, read_only: true, image: {subpath: words}}
  words: {image: remounted-words, build: ., command: /never, scale: 0}
`,
  })
  const words = (): Promise<string> => instance.ok('exec', 'remounted-app-1', 'cat', '/words/words.txt')
  const id = (): Promise<string> => instance.ok('inspect', '-f', '{{.Id}}', 'remounted-app-1')
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const first = await id()
  assert.equal((await run(home, 'up', '-d', '--build')).code, 0)
  assert.equal(await id(), first)
  writeFileSync(`${home}/words.txt`, 'second\n')
  const told = await run(home, 'up', '--dry-run', '--build')
  assert.match(told.err, /mounted image: remounted-words, if it is another one then/)
  const built = await run(home, 'up', '-d', '--build')
  assert.equal(built.code, 0, built.err)
  assert.match(built.err, /Container remounted-app-1 {2}Recreated/)
  assert.equal(await words(), 'second')
  writeFileSync(`${home}/words.txt`, 'third\n')
  assert.equal((await run(home, 'build')).code, 0)
  assert.match((await run(home, 'diff')).err, /mounted image: remounted-words is \w+ now, was \w+/)
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await words(), 'third')
  assert.deepEqual(await run(home, 'diff'), { code: 0, out: '', err: '' })
  assert.equal((await run(home, 'down')).code, 0)
})
