import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'
import { changesIn, Projects } from './projects.ts'

/** Changes between two `up` that no hash of a service tells of. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const up = async (home: string, ...args: string[]): Promise<string> => {
  const told = await run(home, 'compose', 'up', '-d', ...args)
  assert.equal(told.code, 0, told.err)
  return changesIn(told)
}

test('a volume or network of another name makes the container anew, and nothing does without a change', async () => {
  const file = (name: string): string => `services:
  app: {image: box, init: true, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"], networks: [net]}
volumes: {data: {external: true, name: ${name}}}
networks: {net: {external: true, name: ${name}}}
`
  for (const name of ['first', 'second']) {
    await instance.ok('volume', 'create', name)
    await instance.ok('network', 'create', name)
  }
  const home = directory('switch', { 'compose.yaml': file('first') })
  await up(home)
  const about = (): Promise<string> =>
    instance.ok('inspect', 'switch-app-1', '-f', '{{(index .Mounts 0).Name}} {{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}')
  assert.equal(await about(), 'first first')
  assert.equal(await up(home), '')
  writeFileSync(`${home}/compose.yaml`, file('second'))
  assert.match((await run(home, 'diff')).err, /it does not have the volume second/)
  await up(home)
  assert.equal(await about(), 'second second')
  assert.equal(await up(home), '')
  assert.equal((await run(home, 'down')).code, 0)
  await instance.ok('network', 'rm', 'first', 'second')
})

test('fewer containers of a service are those of its newest image', async () => {
  const home = directory('stale', {
    'compose.yaml': `services:
  app: {init: true, command: sleep 1000, stop_grace_period: 0s, build: {context: ., dockerfile_inline: "FROM box\\nARG WORD\\nLABEL word=$$WORD"}}
`,
  })
  const numbers = (): Promise<string> =>
    instance.ok('ps', '--filter', 'label=com.docker.compose.project=stale', '--format', '{{.Label "com.docker.compose.container-number"}}')
  assert.equal((await run(home, 'compose', 'build', '--build-arg', 'WORD=one')).code, 0)
  await up(home, '--scale', 'app=2')
  assert.equal((await run(home, 'compose', 'build', '--build-arg', 'WORD=two')).code, 0)
  await up(home, '--scale', 'app=4', '--no-recreate')
  await up(home, '--scale', 'app=2')
  assert.deepEqual((await numbers()).split('\n').toSorted(), ['3', '4'])
  assert.equal((await run(home, 'down')).code, 0)
})

test('an image may be named by its id; start_interval needs start_period', async () => {
  const id = await instance.ok('inspect', '-f', '{{.Id}}', 'box')
  for (const image of [id, id.replace('sha256:', '')]) {
    const home = directory('by-id', { 'compose.yaml': `services: {app: {image: "${image}", command: "true"}}\n` })
    await up(home)
    assert.equal(await instance.ok('inspect', '-f', '{{.Image}}', 'by-id-app-1'), id)
    assert.equal((await run(home, 'down')).code, 0)
  }
  const home = directory('often', {
    'compose.yaml': 'services: {app: {image: box, healthcheck: {test: "true", start_interval: 1s}}}\n',
  })
  const { code, err } = await run(home, 'compose', 'up', '-d')
  assert.equal(code, 1)
  assert.match(err, /compose\.yaml:1:\d+: healthcheck\.start_interval requires healthcheck\.start_period to be set/)
  assert.equal((await run(home, 'compose', 'config', '-q')).code, 0)
  const unfinished = directory('unfinished', { 'compose.yaml': 'services: {app: {environment: {A: b}}}\n' })
  assert.equal((await run(unfinished, 'compose', 'config', '--hash', '*')).code, 1)
  assert.match((await run(unfinished, 'compose', 'config', '--no-consistency', '--hash', '*')).out, /^app [0-9a-f]{64}\n$/)
})

test('a service alone keeps what it has of others that are left out, and is refused where their containers are gone', async () => {
  const home = directory('beside', {
    'compose.yaml': `services:
  db: {image: box, init: true, command: sleep 1000, stop_grace_period: 0s, ipc: shareable, volumes: [/data]}
  app: {image: box, init: true, command: sleep 1000, stop_grace_period: 0s, network_mode: "service:db", ipc: "service:db", volumes_from: [db]}
`,
  })
  await up(home)
  assert.equal(await up(home, '--no-deps', 'app'), '')
  const before = await instance.ok('inspect', '-f', '{{.Id}}', 'beside-app-1')
  await up(home, '--no-deps', '--force-recreate', 'app')
  assert.notEqual(await instance.ok('inspect', '-f', '{{.Id}}', 'beside-app-1'), before)
  assert.equal(await up(home), '')
  const shared = await run(home, 'compose', 'run', '--rm', '--no-deps', 'app', 'ls', '/data')
  assert.equal(shared.code, 0, shared.err)
  await instance.ok('rm', '-f', 'beside-db-1')
  const refused = await run(home, 'compose', 'up', '-d', '--no-deps', 'app')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /cannot share network namespace with service db: container missing/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('down --rmi removes what was built and has no container, and leaves what others use', async () => {
  const home = directory('gone', {
    'compose.yaml': `services:
  app: {build: {context: ., dockerfile_inline: "FROM box"}}
  used: {image: gone-shared:1, build: {context: ., dockerfile_inline: "FROM box\\nLABEL a=b"}}
`,
  })
  const images = (): Promise<string> => instance.ok('images', '--filter', 'reference=gone-*', '--format', '{{.Repository}}')
  assert.equal((await run(home, 'compose', 'build')).code, 0)
  const local = await run(home, 'compose', 'down', '--rmi', 'local')
  assert.equal(local.code, 0, local.err)
  assert.equal(await images(), 'gone-shared')
  await instance.ok('create', '--name', 'another', 'gone-shared:1', 'true')
  const kept = await run(home, 'compose', 'down', '--rmi', 'all')
  assert.deepEqual([kept.code, kept.err], [0, ' Image gone-shared:1  Removing\n Image gone-shared:1  Resource is still in use\n'])
  await instance.ok('rm', 'another')
  assert.equal((await run(home, 'compose', 'down', '--rmi', 'all')).code, 0)
  assert.equal(await images(), '')
})

test('COMPOSE_REMOVE_ORPHANS and COMPOSE_IGNORE_ORPHANS say what becomes of orphans, also in .env; what run left is one where they go', async () => {
  const app = 'app: {image: box, init: true, command: sleep 1000, stop_grace_period: 0s}'
  const home = directory('left', { 'compose.yaml': `services:\n  ${app}\n  old: {image: box, init: true, command: sleep 1000}\n` })
  await up(home)
  assert.equal((await run(home, 'compose', 'run', 'app', 'true')).code, 0)
  writeFileSync(`${home}/compose.yaml`, `services:\n  ${app}\n`)
  assert.match(await up(home), /Found orphan containers \(\[left-old-1 left-app-run-\w+\]\)/)
  writeFileSync(`${home}/.env`, 'COMPOSE_IGNORE_ORPHANS=true\n')
  assert.equal(await up(home), '')
  writeFileSync(`${home}/.env`, 'COMPOSE_REMOVE_ORPHANS=1\n')
  await up(home)
  assert.equal(await instance.ok('ps', '-a', '--format', '{{.Names}}'), 'left-app-1')
  assert.equal((await run(home, 'down')).code, 0)
})

test('links hold on the default bridge, which knows no services by name', async () => {
  const home = directory('linked', {
    'compose.yaml': `services:
  web: {image: box, init: true, network_mode: bridge, stop_grace_period: 0s, command: httpd -f -p 80 -h /data}
  app: {image: box, init: true, network_mode: bridge, stop_grace_period: 0s, command: sleep 1000, links: [web, "web:other"]}
  early: {image: box, network_mode: bridge, command: "true", links: [web]}
`,
  })
  await up(home)
  const first = await instance.ok('inspect', '-f', '{{.Created}}', 'linked-web-1')
  assert.ok(first < (await instance.ok('inspect', '-f', '{{.Created}}', 'linked-app-1')))
  for (const name of ['web', 'other'])
    await instance.until(
      async () => (await run(home, 'compose', 'exec', '-T', 'app', 'wget', '-q', '-O-', `http://${name}/seed`)).out,
      (text) => text === 'from the image\n',
    )
  assert.equal((await run(home, 'down')).code, 0)
})
