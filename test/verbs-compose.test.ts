import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { after, before, test, type TestContext } from 'node:test'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { newerPlugin } from './newer-clients.ts'
import { galley, Projects } from './projects.ts'

/** Verbs that docker compose has beside the usual ones: they look at containers, or take something out of them. */
const instance = new Instance()
const { directory, run } = new Projects(instance)
let home = ''

const project = `
services:
  web:
    image: box
    command: sh -c 'trap "exit 5" TERM; echo kept > /made; sleep 1000 & wait'
    stop_grace_period: 2s
    volumes: ["data:/data"]
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["/anonymous"]}
  reader: {image: box, stdin_open: true, command: sh -c 'read line; echo "got $$line"; exit 3', profiles: [more]}
volumes: {data: , spare: }
`

before(async () => {
  await instance.start()
  await instance.importBox()
  home = directory('more', { 'compose.yaml': project })
})

after(() => instance.stop())

test('create makes containers and starts none of them', async () => {
  const { code, err } = await run(home, 'create')
  assert.equal(code, 0, err)
  assert.equal((await run(home, 'ps')).out.split('\n').length, 2)
  assert.equal((await run(home, 'compose', 'ps', '--status', 'created', '--services')).out, 'db\nweb\n')
  assert.equal((await run(home, 'up', '-d')).code, 0)
})

test('ps takes services, states and ids at full length', async () => {
  assert.match((await run(home, 'compose', 'ps', 'web')).out, /^NAME.*\nmore-web-1 .*\n$/)
  const [id = ''] = (await instance.ok('ps', '-q', '--no-trunc', '-f', 'name=more-web-1')).split('\n')
  const row = JSON.parse((await run(home, 'compose', 'ps', '--format', 'json', '--no-trunc', 'web')).out) as { ID: string; Command: string }
  assert.equal(row.ID, id)
  assert.match(row.Command, /sleep 1000 & wait/)
  assert.match((await run(home, 'ps', 'nobody')).err, /no such service: nobody\nhint: There is db, web/)
  await run(home, 'stop', 'db')
  assert.equal((await run(home, 'ps', '--services', '--filter', 'status=exited')).out, 'db\n')
  assert.equal((await run(home, 'ps', '--services')).out, 'web\n')
  assert.match(
    (await run(home, 'ps', '--filter', 'name=x')).err,
    /--filter name=x is not implemented by Galley\nhint: It takes status=STATE/,
  )
  await run(home, 'start', 'db')
})

test('stats tell what containers use', async () => {
  const { out } = await run(home, 'stats')
  assert.match(out, /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\n/)
  assert.match(out, /[0-9a-f]{12} +more-web-1 +\d+\.\d\d% +[1-9][\d.]*[KM]iB \/ [\d.]+GiB +/)
  const rows = (await run(home, 'compose', 'stats', '--no-stream', '--format', 'json', 'db')).out.trim().split('\n')
  assert.deepEqual(
    rows.map((row) => (JSON.parse(row) as { Name: string; PIDs: string }).Name),
    ['more-db-1'],
  )
})

test('stats look once a second, also at containers that do not run', async () => {
  const resting = directory('resting', { 'compose.yaml': 'services: {one: {image: box, command: "true"}}' })
  await run(resting, 'create')
  const env = { GALLEY_SOCKET: instance.socket, TERM: 'xterm', NO_COLOR: '1' }
  const begun = performance.now()
  const child = spawn('script', ['-qec', `${galley} stats --all`, '/dev/null'], { cwd: resting, env: { ...process.env, ...env } })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const looks = (): number => out.split('NET I/O').length - 1
  await instance.until(looks, (count) => count >= 4)
  child.kill('SIGKILL')
  await once(child, 'close')
  const took = performance.now() - begun
  assert.ok(looks() <= took / 1000 + 1, `${looks()} looks in ${took} ms`)
})

test("volumes lists a project's volumes, or those of services", async () => {
  assert.match((await run(home, 'volumes')).out, /^DRIVER +VOLUME NAME\nlocal +more_data\n/)
  assert.equal((await run(home, 'volumes', '-q', 'web')).out, 'more_data\n')
  const row = JSON.parse((await run(home, 'compose', 'volumes', '--format', 'json', 'web')).out) as Record<string, string>
  assert.match(row['Labels'] ?? '', /com\.docker\.compose\.volume=data/)
})

test('export writes what is in a container, commit makes an image of it', async () => {
  assert.equal((await run(home, 'export', '-o', `${home}/web.tar`, 'web')).code, 0)
  assert.ok(statSync(`${home}/web.tar`).size > 0)
  const listed = await instance.command('tar', ['-tf', `${home}/web.tar`])
  assert.match(listed.out, /^(?:\.\/)?made$/m)
  assert.notEqual((await run(home, 'export', '-o', `${home}/none.tar`, 'nobody')).code, 0)
  assert.ok(!existsSync(`${home}/none.tar`))
  const made = await run(home, 'commit', '-m', 'as it was', '-c', 'LABEL a=b', 'web', 'more-web:kept')
  assert.equal(made.code, 0, made.err)
  assert.match(made.out, /^Container more-web-1 {2}Committed as more-web:kept \(sha256:[0-9a-f]{64}\)\n$/)
  assert.equal(await instance.ok('image', 'inspect', '-f', '{{.Comment}} {{.Config.Labels.a}}', 'more-web:kept'), 'as it was b')
  assert.equal(await instance.ok('run', '--rm', 'more-web:kept', 'cat', '/made'), 'kept')
})

test('attach passes input and output on, and exits as the container does', async () => {
  await run(home, 'up', '-d', 'reader')
  const attached = await instance.command(galley, ['attach', 'reader'], { cwd: home, input: 'word\n' })
  assert.deepEqual(attached, { code: 3, out: 'got word\n', err: '' })
  const child = spawn(galley, ['attach', '--no-stdin', 'web'], { cwd: home, env: { ...process.env, GALLEY_SOCKET: instance.socket } })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  await instance.until(
    async () => {
      await instance.ok('exec', 'more-web-1', 'sh', '-c', 'echo heard >/proc/1/fd/1')
      return out
    },
    (text) => text.includes('heard'),
  )
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'close'), [5, null])
  assert.match((await run(home, 'attach', 'web')).err, /container more-web-1 does not run: there is nothing to attach to/)
})

test('version and wait --down-project are as docker compose has them', async () => {
  assert.match((await run(home, 'compose', 'version', '--short')).out, /^\d+\.\d+\.\d+/)
  await run(home, 'up', '-d')
  const waited = run(home, 'compose', 'wait', '--down-project', 'db')
  await instance.command('sleep', ['1'])
  await run(home, 'kill', 'db')
  assert.equal((await waited).code, 137)
  assert.equal(await instance.ok('ps', '-aq', '--filter', 'label=com.docker.compose.project=more'), '')
})

test('config pins images to digests as docker compose does, tags and all', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('no suite that has docker-compose can be reached')
  const host = `localhost:${await freePorts()}`
  const started = await instance.galley('registry', 'start', '--listen', host.replace('localhost', '127.0.0.1'), '--anonymous', 'push')
  assert.equal(started.code, 0, started.err)
  await instance.ok('tag', 'box', `${host}/box:1`)
  await instance.ok('push', '-q', `${host}/box:1`)
  const pinned = directory('pinned', { 'compose.yaml': `services: {a: {image: "${host}/box:1", environment: [A=1]}}\n` })
  for (const args of [['--resolve-image-digests'], ['--lock-image-digests'], ['--lock-image-digests', '--format', 'json']]) {
    const own = await run(pinned, 'compose', 'config', ...args)
    assert.match(own.out, /box:1@sha256:[0-9a-f]{64}/, own.err)
    assert.equal(own.out, (await instance.command(program, ['config', ...args], { cwd: pinned })).out)
  }
})
