import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { newerPlugin } from './newer-clients.ts'
import { Projects } from './projects.ts'

/** Networks and volumes whose declaration changed after they were made. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

const web = `  web:
    image: box
    command: sh -c 'trap "exit 0" TERM; mkdir -p /tmp/w; echo hello > /tmp/w/index.html; httpd -f -p 80 -h /tmp/w & wait'
    depends_on: [db]
    healthcheck: {test: wget -q -O- http://127.0.0.1/, interval: 1s, start_interval: 100ms, start_period: 60s}
`

function site(network: string, services = web): string {
  return `services:
${services}  db: {image: box, command: sh -c 'trap "exit 0" TERM; sleep 1000 & wait'}
networks: {default: ${network}}
`
}

/** Until its server listens. */
const serves = (from: string): Promise<string> =>
  instance.until(
    async () => (await instance.docker('exec', from, 'wget', '-q', '-O-', 'http://web/')).out,
    (text) => text === 'hello\n',
  )

const idOf = (name: string): Promise<string> => instance.ok('inspect', '-f', '{{.Id}}', name)

test('a network whose declaration changed is told by diff and made anew by up; its containers stop for it and find each other again', async () => {
  const home = directory('net', { 'compose.yaml': site('{}') })
  assert.equal((await run(home, 'up')).code, 0)
  const was = await idOf('net_default')
  writeFileSync(`${home}/compose.yaml`, site('{labels: {team: blue}, driver_opts: {com.docker.network.driver.mtu: "1400"}}'))
  const told = await run(home, 'diff')
  assert.equal(told.code, 1)
  assert.match(told.err, / Network net_default {2}recreate\n/)
  assert.match(told.err, /driver_opts\.com\.docker\.network\.driver\.mtu: 1400, was not there/)
  assert.match(told.err, /labels\.team: blue, was not there/)
  assert.match(told.err, /stops for it: net-db-1, net-web-1/)
  assert.match(told.err, / Container net-web-1 {2}start\n/)
  assert.equal(await idOf('net_default'), was)
  const containers = [await idOf('net-db-1'), await idOf('net-web-1')]
  await instance.ok('exec', 'net-web-1', 'touch', '/kept')
  const outcome = await run(home, 'up')
  assert.equal(outcome.code, 0, outcome.err)
  assert.notEqual(await idOf('net_default'), was)
  assert.equal(await instance.ok('network', 'inspect', '-f', '{{.Labels.team}}', 'net_default'), 'blue')
  assert.deepEqual([await idOf('net-db-1'), await idOf('net-web-1')], containers, 'they are the same, with what they wrote')
  assert.equal(await instance.ok('exec', 'net-web-1', 'ls', '/kept'), '/kept')
  assert.equal(await instance.ok('exec', 'net-db-1', 'wget', '-q', '-O-', 'http://web/'), 'hello')
  assert.deepEqual(await run(home, 'diff'), { code: 0, out: '', err: '' })
  assert.equal((await run(home, 'down')).code, 0)
})

test('a network that can not be made as it is declared stays as it was, and its containers run again', async () => {
  const home = directory('stays', { 'compose.yaml': site('{ipam: {config: [{subnet: 10.199.1.0/24}]}}') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  await instance.ok('network', 'create', '--subnet', '10.199.2.0/24', 'other')
  const web = await idOf('stays-web-1')
  writeFileSync(`${home}/compose.yaml`, site('{ipam: {config: [{subnet: 10.199.2.0/25}]}}'))
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 1)
  assert.match(err, /Pool overlaps with other one on this address space/)
  assert.equal(await idOf('stays-web-1'), web)
  assert.match(
    await instance.ok('ps', '--format', '{{.Names}} {{.Status}}'),
    /stays-web-1 Up[^]*stays-db-1 Up|stays-db-1 Up[^]*stays-web-1 Up/,
  )
  assert.match(await instance.ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', 'stays_default'), /10\.199\.1\.0\/24/)
  await serves('stays-db-1')
  assert.equal((await run(home, 'down')).code, 0)
  await instance.ok('network', 'rm', 'other')
})

test('a network on which another container runs is not made anew, and nothing stops', async () => {
  const home = directory('shared', { 'compose.yaml': site('{}') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  await instance.ok('run', '-d', '--name', 'guest', '--network', 'shared_default', '--stop-timeout', '0', 'box', 'sleep', '1000')
  writeFileSync(`${home}/compose.yaml`, site('{internal: true}'))
  const before = await instance.ok('ps', '--no-trunc', '-q')
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 5)
  assert.match(err, /network shared_default is to be made anew, but the container guest uses it/)
  assert.equal(await instance.ok('ps', '--no-trunc', '-q'), before)
  await instance.ok('rm', '-f', 'guest')
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await instance.ok('network', 'inspect', '-f', '{{.Internal}}', 'shared_default'), 'true')
  assert.equal((await run(home, 'down')).code, 0)
})

test('who lives in the namespaces of a service whose network is made anew is made anew with it', async () => {
  const beside = "  beside: {image: box, command: sleep 1000, stop_grace_period: 0s, network_mode: 'service:web'}\n"
  const home = directory('inner', { 'compose.yaml': site('{}', web + beside) })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, site('{internal: true}', web + beside))
  const { code, err } = await run(home, 'up')
  assert.equal(code, 0, err)
  assert.equal(await instance.ok('exec', 'inner-beside-1', 'wget', '-q', '-O-', 'http://127.0.0.1/'), 'hello')
  assert.equal((await run(home, 'down')).code, 0)
})

test('when only one service comes up, the others on a network that is made anew go on as they were', async () => {
  const home = directory('part', { 'compose.yaml': site('{}', `${web}  lone: {image: box, command: sleep 1000, stop_grace_period: 0s}\n`) })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const lone = await idOf('part-lone-1')
  writeFileSync(
    `${home}/compose.yaml`,
    site('{internal: true}', `${web}  lone: {image: box, command: sleep 1000, stop_grace_period: 0s}\n`),
  )
  const { code, err } = await run(home, 'up', '-d', 'web')
  assert.equal(code, 0, err)
  assert.equal(await idOf('part-lone-1'), lone)
  await serves('part-lone-1')
  assert.equal((await run(home, 'down')).code, 0)
})

test('kill -9 of the daemon while a network is made anew: the next up completes it', async () => {
  // It takes them a moment to end, in which they are seen.
  const slow = (network: string): string => site(network).replaceAll('trap "exit 0"', 'trap "sleep 1; exit 0"')
  const home = directory('cut', { 'compose.yaml': slow('{}') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  for (const [round, internal] of [true, false, true].entries()) {
    writeFileSync(`${home}/compose.yaml`, slow(internal ? '{internal: true}' : '{}'))
    let isOver = false
    const updating = run(home, 'up', '-d').finally(() => (isOver = true))
    // Each time a little later: before, while and after the network is gone; on a machine with other things to do, after all of it.
    await instance.until(
      () => instance.ok('ps', '-q'),
      (text) => isOver || text.split('\n').length < 2,
    )
    await sleep(systemClock, round * 60)
    const daemon = instance.killDaemon()
    await updating
    await instance.anotherDaemon(daemon)
    const { code, err } = await run(home, 'up')
    assert.equal(code, 0, err)
    assert.equal(await instance.ok('network', 'inspect', '-f', '{{.Internal}}', 'cut_default'), String(internal))
    assert.equal(await instance.ok('exec', 'cut-db-1', 'wget', '-q', '-O-', 'http://web/'), 'hello')
    assert.deepEqual((await instance.ok('ps', '-a', '--format', '{{.Names}}')).split('\n').toSorted(), ['cut-db-1', 'cut-web-1'])
  }
  assert.equal((await run(home, 'down')).code, 0)
})

const store = (volume: string): string => `services:
  db: {image: box, command: sleep 1000, stop_grace_period: 0s, volumes: ["data:/data"]}
volumes: {data: ${volume}}
`

test('a volume whose declaration changed keeps its data: up refuses, and makes it anew with --yes alone', async () => {
  const home = directory('vol', { 'compose.yaml': store('{}') })
  assert.equal((await run(home, 'up', '-d')).code, 0)
  await instance.ok('exec', 'vol-db-1', 'sh', '-c', 'echo precious > /data/it')
  const was = await idOf('vol-db-1')
  writeFileSync(`${home}/compose.yaml`, store('{driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}'))
  const told = await run(home, 'diff')
  assert.equal(told.code, 1)
  assert.match(
    told.err,
    /Volume vol_data {2}is kept as it is; with --yes: recreate, without its data\n {5}driver_opts\.type: tmpfs, was not there/,
  )
  const refused = await run(home, 'up', '-d')
  assert.equal(refused.code, 5)
  assert.match(refused.err, /volume "vol_data" exists but doesn't match its declaration: driver_opts\.type: tmpfs, was not there/)
  assert.match(refused.err, /galley up --yes/)
  assert.equal(await idOf('vol-db-1'), was)
  assert.equal(await instance.ok('exec', 'vol-db-1', 'cat', '/data/it'), 'precious')
  assert.equal((await run(home, 'up', '-d', '-y')).code, 0)
  assert.match(await instance.ok('exec', 'vol-db-1', 'grep', ' /data ', '/proc/mounts'), /tmpfs .*size=1024k/)
  assert.deepEqual(await run(home, 'diff', '-y'), { code: 0, out: '', err: '' })
  assert.equal((await run(home, 'down', '-v')).code, 0)
})

test('galley and docker compose make networks of each other anew, and leave those alone that did not change', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('no suite that has docker-compose can be reached')
  const home = directory('both', { 'compose.yaml': site('{}') })
  const compose = (...args: string[]) => instance.command(program, args, { cwd: home })
  assert.equal((await compose('up', '-d')).code, 0)
  const was = await idOf('both_default')
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await idOf('both_default'), was)
  writeFileSync(`${home}/compose.yaml`, site('{internal: true}'))
  assert.equal((await run(home, 'up', '-d')).code, 0)
  const anew = await idOf('both_default')
  assert.notEqual(anew, was)
  const theirs = await compose('up', '-d')
  assert.equal(theirs.code, 0, theirs.err)
  assert.equal(await idOf('both_default'), anew, theirs.err)
  writeFileSync(`${home}/compose.yaml`, site('{}'))
  const again = await compose('up', '-d')
  assert.equal(again.code, 0, again.err)
  assert.notEqual(await idOf('both_default'), anew)
  assert.deepEqual(await run(home, 'diff'), { code: 0, out: '', err: '' })
  assert.equal((await run(home, 'down')).code, 0)
})
