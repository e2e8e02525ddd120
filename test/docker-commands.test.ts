import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance, type Outcome } from './instance.ts'
import { newerPlugin } from './newer-clients.ts'
import { Projects } from './projects.ts'

/** `--explain`: the docker commands that it prints do what the verb does. */
const instance = new Instance()
const { directory, run } = new Projects(instance)
let home = ''

const plugin = await newerPlugin('docker-compose')
const skip = plugin === undefined ? 'docker compose 2.40 is not here, and no Debian suite that has it can be reached' : false

const project = `
services:
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"]}
  web: {image: box, command: sh -c "echo up; exec httpd -f -p 80 -h /data", stop_grace_period: 0s, ports: ["127.0.0.1::80"], depends_on: [db]}
volumes: {data: {}}
`

before(async () => {
  await instance.start()
  await instance.importBox()
  home = directory('both', { 'compose.yaml': project, 'it is.txt': 'a file\n' })
  if (plugin === undefined) return
  mkdirSync(`${instance.home}/.docker/cli-plugins`, { recursive: true })
  symlinkSync(plugin, `${instance.home}/.docker/cli-plugins/docker-compose`)
})

after(() => instance.stop())

/** What `--explain` prints, run by a shell. */
async function typed(cwd: string, ...args: string[]): Promise<Outcome> {
  const { code, out, err } = await run(cwd, ...args)
  assert.equal(code, 0, err)
  assert.match(out, /^docker /)
  return await instance.command('sh', ['-ec', out], { cwd })
}

/** What there is of a project: names, images, states and published ports' targets. */
async function there(name: string): Promise<string[]> {
  const [containers, networks, volumes] = [
    await instance.ok('ps', '-a', '--filter', `name=^${name}-`, '--format', '{{.Names}} {{.Image}} {{.State}} {{.Ports}}'),
    await instance.ok('network', 'ls', '--filter', `name=^${name}_`, '--format', '{{.Name}}'),
    await instance.ok('volume', 'ls', '--filter', `name=${name}_`, '--format', '{{.Name}}'),
  ]
  return [...containers.split('\n'), ...networks.split('\n'), ...volumes.split('\n')]
    .map((line) => line.replace(/:\d+->/, ':PORT->').trimEnd())
    .toSorted()
}

test('how long stops may take is docker compose’s --timeout, and how long services are waited for its --wait-timeout', async () => {
  const { out } = await run(home, 'up', '-d', '--stop-timeout', '3', '--timeout', '9', '--explain')
  assert.equal(out, 'docker compose up --detach --timeout 3 --wait-timeout 9\n')
  assert.equal((await run(home, 'ps', '--orphans', '--explain')).out, 'docker compose ps\n')
  assert.equal((await run(home, 'ps', '--orphans=false', '--explain')).out, 'docker compose ps --orphans=false\n')
})

test('the commands for up, exec, run, logs, ps and down do what galley does', { skip }, async () => {
  assert.equal((await run(home, 'up')).code, 0)
  const up = await there('both')
  assert.ok(
    up.some((line) => line.startsWith('both-web-1 box running')),
    up.join('\n'),
  )
  const execution = ['-T', '-e', 'A=it is', 'web', 'sh', '-c', 'echo "$A"; exit 3'] as const
  assert.deepEqual(await typed(home, 'exec', '--explain', ...execution), await run(home, 'exec', ...execution))
  const once = ['--rm', '-T', '-v', `${home}:/here`, 'web', 'cat', '/here/it is.txt'] as const
  assert.equal((await typed(home, 'run', '--explain', ...once)).out, 'a file\n')
  assert.equal((await run(home, 'run', ...once)).out, 'a file\n')
  const logs = await instance.until(
    () => run(home, 'logs', '--no-log-prefix', 'web'),
    ({ out }) => out === 'up\n',
  )
  assert.deepEqual(await typed(home, 'logs', '--no-log-prefix', 'web', '--explain'), logs)
  assert.equal(
    (await typed(home, 'ps', '--explain', '-q')).out.split('\n').toSorted().join(),
    (await run(home, 'ps', '-q')).out.split('\n').toSorted().join(),
  )
  assert.equal((await run(home, 'down', '-v')).code, 0)
  const down = await there('both')
  const asTyped = await typed(home, 'up', '--explain')
  assert.equal(asTyped.code, 0, asTyped.err)
  assert.deepEqual(await there('both'), up)
  assert.equal((await typed(home, 'down', '--volumes', '--explain')).code, 0)
  assert.deepEqual(await there('both'), down)
})

test('a directory is named to docker compose, and a Dockerfile alone becomes docker build and docker run', { skip }, async () => {
  const beside = await typed('/', 'up', home, '--explain')
  assert.equal(beside.code, 0, beside.err)
  assert.equal((await typed('/', 'down', home, '-v', '--explain')).code, 0)
  const lone = directory('alone', { Dockerfile: 'FROM box\nEXPOSE 18080\nCMD ["httpd", "-f", "-p", "18080", "-h", "/data"]\n' })
  assert.equal((await run(lone, 'up')).code, 0)
  const up = await there('alone')
  await run(lone, 'down', '--rmi', 'local')
  const asTyped = await typed(lone, 'up', '--explain')
  assert.equal(asTyped.code, 0, asTyped.err)
  assert.deepEqual(await there('alone'), up)
  await instance.ok('rm', '-f', 'alone-app-1')
  await instance.ok('network', 'rm', 'alone_default')
})

test('what docker compose has nothing for is said, and nothing is done', async () => {
  const before = await there('both')
  assert.match(
    (await run(home, 'up', '--steady', '2', '--explain')).out,
    /^docker compose up --detach --wait\n# docker compose has nothing for --steady\n$/,
  )
  assert.deepEqual(await there('both'), before)
  const asTyped = await run(home, 'compose', '-p', 'x', 'up', '--explain', '-d', 'web')
  assert.equal(asTyped.out, 'docker compose -p x up -d web\n')
  assert.equal((await run(home, 'up', '--exit-code-from', 'web', '--explain')).out, 'docker compose up --exit-code-from web\n')
  const none = await run(home, 'doctor', '--explain')
  assert.match(none.err, /no docker command does the same as galley doctor/)
  assert.match((await run(home, 'exec', 'web', 'ls', '--explain')).err, /service "web" is not running/)
})
