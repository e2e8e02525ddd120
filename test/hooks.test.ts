import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { newerPlugin } from './newer-clients.ts'
import { Projects } from './projects.ts'

/** Hooks of a service's life, whichever command of Galley's starts and stops its containers. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

/** Each container writes its number and what happens to it into a file of the project's. */
const file = (command = 'sleep 1000', hook = 'echo stop >> /told/it'): string => `services:
  app:
    image: box
    command: ${command}
    stop_grace_period: 0s
    volumes: [./told:/told]
    post_start: [{command: ["sh", "-c", "echo start >> /told/it"]}]
    pre_stop: [{command: ["sh", "-c", "${hook}"]}]
`

test('hooks run before each stop and after each start by a command about the project, and not when it is killed', async () => {
  const home = directory('life', { 'compose.yaml': file() })
  const told = async (...args: string[]): Promise<string> => {
    rmSync(`${home}/told/it`, { force: true })
    const { code, err } = await run(home, ...args)
    assert.equal(code, 0, err)
    return existsSync(`${home}/told/it`) ? readFileSync(`${home}/told/it`, 'utf8').replaceAll('\n', ' ').trim() : ''
  }
  assert.equal(await told('up', '-d'), 'start')
  assert.equal(await told('stop'), 'stop')
  assert.equal(await told('stop'), '', 'what does not run has no hook to run')
  assert.equal(await told('start'), 'start')
  assert.equal(await told('restart'), 'stop start')
  assert.equal(await told('up', '-d', '--scale', 'app=3'), 'start start')
  assert.equal(await told('scale', 'app=1'), 'stop stop')
  assert.equal(await told('rm', '-s', '-f'), 'stop')
  assert.equal(await told('up', '-d'), 'start')
  assert.equal(await told('kill'), '')
  assert.equal(await told('start'), 'start')
  writeFileSync(`${home}/compose.yaml`, file('sleep 1001'))
  assert.equal(await told('up', '-d'), 'stop start')
  rmSync(`${home}/compose.yaml`)
  assert.equal(await told('down', '-p', 'life'), 'stop', 'read from the container, not from the file')
})

test('a hook that fails before a stop leaves the container running, and the command fails', async () => {
  const home = directory('fails', { 'compose.yaml': file('sleep 1000', 'echo I can not; exit 3') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  for (const verb of ['stop', 'down', 'restart'])
    assert.match((await failed(home, verb)).err, /Container fails-app-1 {2}Error {2}app hook exited with status 3/)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}'), 'fails-app-1')
  writeFileSync(`${home}/compose.yaml`, file('sleep 1000', 'exit 0'))
  assert.equal((await run(home, 'stop')).code, 0, 'the hook that was mended in the file counts')
  writeFileSync(`${home}/compose.yaml`, file('sleep 1000', 'exit 3'))
  assert.equal((await run(home, 'down')).code, 0, 'what does not run has no hook to run')
  assert.equal(await instance.ok('ps', '-aq'), '')
})

test('a hook that is no program fails as one that ends badly; of a container that is replaced it keeps nothing from going on', async () => {
  const without = file().replace('"sh", "-c", "echo stop >> /told/it"', '"no-such-program"')
  const home = directory('missing', { 'compose.yaml': without })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.match((await failed(home, 'down')).err, /Container missing-app-1 {2}Error {2}/)
  assert.equal(await instance.ok('ps', '--format', '{{.Names}}'), 'missing-app-1')
  writeFileSync(`${home}/compose.yaml`, without.replace('sleep 1000', 'sleep 1001'))
  const updated = await run(home, 'up', '-d')
  assert.equal(updated.code, 0, updated.err)
  assert.match(updated.err, /warning: /)
  assert.equal((await run(home, 'kill')).code, 0)
  assert.equal((await run(home, 'down')).code, 0)
})

async function failed(home: string, ...args: string[]): Promise<Outcome> {
  const outcome = await run(home, ...args)
  assert.equal(outcome.code, 1, `${args.join(' ')}: ${outcome.err}`)
  return outcome
}

test('all that a hook writes is told', async () => {
  const home = directory('talks', { 'compose.yaml': file().replace('echo start >> /told/it', 'seq 1 3000') })
  const { code, err } = await run(home, 'up', '-d', '--progress', 'plain')
  assert.equal(code, 0)
  assert.equal(err.match(/\b\d+$/gm)?.at(-1), '3000')
  assert.doesNotMatch(err, /\d\.\.\.$/m)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a hook that fails after a start makes the start fail', async () => {
  const home = directory('after', { 'compose.yaml': file().replace('echo start >> /told/it', 'test ! -e /told/bad') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal((await run(home, 'stop')).code, 0)
  writeFileSync(`${home}/told/bad`, '')
  const { code, err } = await run(home, 'start')
  assert.equal(code, 1)
  assert.match(err, /Container after-app-1 {2}Error {2}app hook exited with status 1: sh -c/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('the hooks of what docker compose made are those of the file, where it is the one that it was made from', async (t: TestContext) => {
  const compose = await newerPlugin('docker-compose')
  if (compose === undefined) return t.skip('docker compose 2.40 can not be had')
  const home = directory('foreign', { 'compose.yaml': file() })
  const told = async (cwd: string, ...args: string[]): Promise<string> => {
    rmSync(`${home}/told/it`, { force: true })
    const { code, err } = await run(cwd, ...args)
    assert.equal(code, 0, err)
    return existsSync(`${home}/told/it`) ? readFileSync(`${home}/told/it`, 'utf8').replaceAll('\n', ' ').trim() : ''
  }
  const up = async (): Promise<void> => assert.equal((await instance.command(compose, ['up', '-d'], { cwd: home })).code, 0)
  await up()
  assert.equal(await told(home, 'stop'), 'stop')
  assert.equal(await told(home, 'start'), 'start')
  assert.equal(await told(home, 'restart'), 'stop start')
  assert.equal(await told(home, 'kill'), '')
  await up()
  assert.equal(await told(home, 'down'), 'stop')
  await up()
  const other = directory('other', { 'compose.yaml': file() })
  assert.equal(await told(other, 'stop', '-p', 'foreign'), '', 'another file says nothing about it')
  assert.equal(await told(home, 'start'), 'start')
  writeFileSync(`${home}/compose.yaml`, 'services: {app: {image: [')
  const { code, err } = await run(home, 'down', '-p', 'foreign')
  assert.equal(code, 0, err)
  assert.match(err, /warning: the hooks of the Compose file are not run: .*compose.yaml:1/)
  assert.equal(await instance.ok('ps', '-aq'), '')
})

test('pre_start hooks run to their end before the service starts, with its volumes, networks, files and variables', async () => {
  const compose = (more = '', hook = 'exit 0'): string => `services:
  db: {image: box, command: nc -ll -p 5432 -e echo hi, stop_grace_period: 0s}
  app:
    image: box
    command: ["sh", "-c", "cat /data/made; exec sleep 1000"]
    stop_grace_period: 0s
    user: "37"
    environment: {WORD: soup${more}}
    depends_on: [db]
    volumes: [made:/data, ./told:/told]
    configs: [{source: conf, target: /etc/conf}]
    deploy: {replicas: 2}
    pre_start:
      - command: ["sh", "-c", "echo $$WORD $$OWN $$(id -u) $$(cat /etc/conf) $$(nslookup db >/dev/null && echo found) > /data/made; echo once >> /told/it"]
        user: root
        environment: {OWN: of the hook}
      - {image: other, command: ["sh", "-c", "echo each $$(id -u) >> /told/it"], per_replica: true}
      - {command: ["sh", "-c", "echo told; ${hook}"]}
configs: {conf: {content: "x=1"}}
volumes: {made: }
`
  await instance.ok('tag', 'box', 'other')
  const home = directory('before', { 'compose.yaml': compose() })
  const told = async (...args: string[]): Promise<readonly string[]> => {
    rmSync(`${home}/told/it`, { force: true })
    const { code, err } = await run(home, ...args)
    assert.equal(code, 0, err)
    return existsSync(`${home}/told/it`) ? readFileSync(`${home}/told/it`, 'utf8').trim().split('\n') : []
  }
  assert.deepEqual(await told('up', '-d'), ['once', 'each 0', 'each 0'])
  const logs = await instance.until(
    async () => (await run(home, 'logs', 'app')).out.split('\n').slice(0, -1),
    ({ length }) => length === 2,
  )
  assert.deepEqual(
    logs.map((line) => line.split('| ')[1]),
    Array.from({ length: 2 }, () => 'soup of the hook 0 x=1 found'),
  )
  assert.equal((await instance.ok('ps', '-aq')).split('\n').length, 3, 'none of the hooks is left')
  assert.deepEqual(await told('up', '-d'), [], 'what runs is left alone')
  assert.deepEqual(await told('up', '-d', '--scale', 'app=3'), ['each 0'])
  writeFileSync(`${home}/compose.yaml`, compose('up'))
  assert.deepEqual(await told('up', '-d', '--scale', 'app=2'), ['once', 'each 0', 'each 0'])
  assert.deepEqual(await told('down', '-v'), [])

  writeFileSync(`${home}/compose.yaml`, compose('', 'exit 4'))
  const failed = await run(home, 'up', '-d')
  assert.equal(failed.code, 1)
  assert.match(failed.err, /Container before-app-1 {2}Error {2}app pre_start\[2\] hook exited with status 4: sh -c echo told; exit 4/)
  assert.match(failed.err, /\| told/)
  assert.equal(await instance.ok('logs', 'before-app-1-pre_start-2'), 'told', 'it stays, to be looked into')
  assert.match((await run(home, 'ps', '-a')).out, /before-app-1-pre_start-2/)
  assert.equal((await run(home, 'down', '-v')).code, 0)
  assert.equal(await instance.ok('ps', '-aq'), '')
})
