import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { lockFile } from '#host/kernel/lock.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** What `kill -9` of each process costs (docs/decisions/0001-keeper.md), what a power cut costs, and that nobody has to help. */
const instance = instanceWithBox()
const { docker, ok } = instance

function inspected(name: string, format: string): Promise<string> {
  return ok('inspect', '-f', format, name)
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function processes(wanted: (line: string) => boolean): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && wanted(commandLine(pid)))
}

function keepers(): number[] {
  return processes((line) => line.includes('/keeper/main.') && line.includes(instance.run))
}

/** One that was killed may not have gone yet, and the next one not have come. */
async function keeperPid(): Promise<number> {
  const [pid = 0] = await instance.until(keepers, ({ length }) => length === 1)
  return pid
}

/** The shell around a container, and the runtime in it. */
function around(id: string): { shell: number; runtime: number } {
  const [shell] = processes((line) => line.startsWith('/bin/sh -c echo $$') && line.includes(id))
  const [runtime] = processes((line) => line.includes(' run ') && line.includes(id) && !line.startsWith('/bin/sh'))
  assert.ok(shell !== undefined && runtime !== undefined)
  return { shell, runtime }
}

/** A container that writes the next number every hundredth of a second. */
function counting(name: string, ...options: string[]): Promise<string> {
  return ok('run', '-d', '--name', name, ...options, 'box', 'sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done')
}

/** What it has written, when that is more than so many lines. */
function counted(name: string, more: number): Promise<number[]> {
  return instance.until(
    async () => (await ok('logs', name)).split('\n').map(Number),
    ({ length }) => length > more,
  )
}

/** Every line once, and in order. */
async function assertNothingMissing(name: string): Promise<void> {
  const numbers = await counted(name, 10)
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index),
  )
}

test('kill -9 of the daemon: it is started again, and all that happened meanwhile is made good', async () => {
  await ok('run', '-d', '--name', 'web', '-p', '127.0.0.1::80', 'box', 'httpd', '-f', '-h', '/data')
  const address = await ok('port', 'web', '80')
  await counting('counts')
  const untilGo = 'while [ ! -e /tmp/go ]; do sleep 0.05; done'
  const endsId = await ok('run', '-d', '--name', 'ends', 'box', 'sh', '-c', `${untilGo}; exit 9`)
  await ok('run', '-d', '--name', 'removed', '--rm', 'box', 'sh', '-c', `${untilGo}; exit 1`)
  await ok('run', '-d', '--name', 'back', '--restart', 'on-failure', 'box', 'sh', '-c', `${untilGo}; rm /tmp/go; exit 1`)
  const [pid, ...ending] = await Promise.all(['web', 'ends', 'removed', 'back'].map((name) => inspected(name, '{{.State.Pid}}')))
  const before = instance.daemonPid()
  // Stopped, the keeper can't help yet: everything ends while there is no daemon.
  const keeper = await keeperPid()
  process.kill(keeper, 'SIGSTOP')
  instance.killDaemon()
  assert.equal(await instance.fetched(`http://${address}/seed`), 'from the image\n')
  for (const one of ending) writeFileSync(`/proc/${one}/root/tmp/go`, '')
  await instance.until(
    () => ending.filter((one) => existsSync(`/proc/${one}/root/tmp`)),
    (left) => left.length === 0,
  )
  const exit = `${instance.run}/containers/${endsId}/exit`
  await instance.until(
    () => existsSync(exit),
    (isWritten) => isWritten,
  )
  const ended = Date.now()
  process.kill(keeper, 'SIGCONT')
  await instance.anotherDaemon(before)
  assert.equal(await inspected('web', '{{.State.Pid}}'), pid)
  assert.equal(await instance.fetched(`http://${address}/seed`), 'from the image\n')
  assert.equal(await inspected('ends', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 9')
  assert.ok(Date.parse(await inspected('ends', '{{json .State.FinishedAt}}').then((text) => JSON.parse(text) as string)) <= ended)
  await instance.until(
    () => docker('inspect', 'removed'),
    ({ code }) => code !== 0,
  )
  await instance.until(
    () => inspected('back', '{{.State.Status}}'),
    (status) => status === 'running',
  )
  await assertNothingMissing('counts')
  const taken = await docker('run', '--rm', '-p', `${address}:80`, 'box', 'true')
  assert.match(taken.err, /port is already allocated/)
  await ok('rm', '-f', 'web', 'counts', 'ends', 'back')
})

test('kill -9 of the keeper: containers live, no output is lost, and exits meanwhile are seen', async () => {
  await counting('counts')
  await ok('run', '-d', '--name', 'ends', 'box', 'sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.05; done; echo last words; exit 9')
  const [counts, ends] = await Promise.all(['counts', 'ends'].map((name) => inspected(name, '{{.State.Pid}}')))
  const keeper = await keeperPid()
  process.kill(keeper, 'SIGKILL')
  writeFileSync(`/proc/${ends}/root/tmp/go`, '')
  await instance.until(keepers, (found) => found.length === 1 && found[0] !== keeper)
  assert.equal(await ok('wait', 'ends'), '9')
  assert.equal(await ok('logs', 'ends'), 'last words')
  assert.equal(await inspected('counts', '{{.State.Pid}}'), counts)
  await assertNothingMissing('counts')
  assert.equal(await ok('exec', 'counts', 'echo', 'entered'), 'entered')
  await ok('rm', '-f', 'counts', 'ends')
})

test('what is started while the keeper is being replaced waits for the next one', async () => {
  await ok('network', 'create', 'names')
  await ok('run', '-d', '--name', 'there', '--network', 'names', 'box', 'sleep', '1000')
  for (let round = 0; round < 3; round++) {
    process.kill(await keeperPid(), 'SIGKILL')
    const outcomes = await Promise.all([
      ok('run', '--rm', '-p', '127.0.0.1::80', 'box', 'echo', 'run'),
      ok('run', '--rm', '--network', 'names', 'box', 'nslookup', 'there'),
      ok('exec', 'there', 'echo', 'entered'),
      ok('exec', '-d', 'there', 'true'),
    ])
    assert.deepEqual([outcomes[0], outcomes[2]], ['run', 'entered'])
  }
  await ok('rm', '-f', 'there')
  await ok('network', 'rm', 'names')
})

test('kill -9 of the keeper costs a container its terminal, which ends a program that reads it', async () => {
  await ok('run', '-dit', '--name', 'term', 'box', 'cat')
  const keeper = await keeperPid()
  process.kill(keeper, 'SIGKILL')
  await instance.until(
    () => inspected('term', '{{.State.Status}}'),
    (status) => status === 'exited',
  )
  await instance.until(keepers, (found) => found.length === 1 && found[0] !== keeper)
  await ok('rm', 'term')
})

test('kill -9 of daemon and keeper at once: containers go on, and both come back by themselves', async () => {
  await counting('counts')
  const pid = await inspected('counts', '{{.State.Pid}}')
  const before = instance.daemonPid()
  for (const one of [await keeperPid(), before]) process.kill(one, 'SIGKILL')
  await instance.anotherDaemon(before)
  assert.equal(await inspected('counts', '{{.State.Pid}} {{.State.Status}}'), `${pid} running`)
  await assertNothingMissing('counts')
  await ok('rm', '-f', 'counts')
})

test('kill -9 of the shell around a container, or of its runtime, costs its exit code alone', async () => {
  for (const [name, which] of [
    ['unshelled', 'shell'],
    ['unruntimed', 'runtime'],
  ] as const) {
    const id = await counting(name)
    process.kill(around(id)[which], 'SIGKILL')
    const { length } = await counted(name, 0)
    await counted(name, length + 10)
    assert.equal(await inspected(name, '{{.State.Status}}'), 'running')
    assert.equal(await ok('exec', name, 'echo', 'entered'), 'entered')
    await ok('stop', '-t', '0', name)
    assert.equal(await inspected(name, '{{.State.Status}} {{.State.ExitCode}}'), 'exited 137')
    await assertNothingMissing(name)
    await ok('start', name)
    await ok('rm', '-f', name)
  }
})

test('stopping the daemon leaves containers running and nobody starts it again', async () => {
  await counting('counts')
  const pid = await inspected('counts', '{{.State.Pid}}')
  const { out } = await instance.galley('daemon', 'stop', ...instance.options)
  assert.match(out, /the daemon has stopped; containers keep running/)
  await sleep(systemClock, 1000)
  assert.equal((await instance.galley('daemon', 'status', ...instance.options)).out, 'stopped\n')
  await instance.start()
  assert.equal(await inspected('counts', '{{.State.Pid}} {{.State.Status}}'), `${pid} running`)
  await assertNothingMissing('counts')
  await ok('rm', '-f', 'counts')
})

/** Stopped, a daemon is as one that was killed and had no processor since: the kernel lets clients in, and nobody answers. It is killed when one has come. */
async function diesUnder(task: () => Promise<unknown>, withKeeper = false): Promise<void> {
  const before = instance.daemonPid()
  // By the name that the socket had when it was bound (src/daemon/socket-door.ts).
  const sockets = (): number =>
    readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .filter((line) => line.includes(instance.socket)).length
  process.kill(before, 'SIGSTOP')
  // Without it nobody holds the door beside the daemon.
  if (withKeeper) process.kill(await keeperPid(), 'SIGKILL')
  const open = sockets()
  const done = task()
  await instance.until(sockets, (count) => count > open)
  process.kill(before, 'SIGKILL')
  await done
  assert.notEqual(instance.daemonPid(), before)
}

test('daemon start is not content with a daemon that is just dying', async () => {
  await diesUnder(() => instance.start())
  await ok('version')
})

test('a command whose daemon dies asks the next one, or says that it may have been carried out', async () => {
  const lists = async (): Promise<void> => assert.deepEqual(await instance.galley('ls', '-q'), { code: 0, out: '', err: '' })
  await diesUnder(lists)
  await diesUnder(lists, true)
  await diesUnder(async () => {
    const { code, err } = await instance.galley('registry', 'clean')
    assert.equal(code, 1)
    assert.match(err, /^galley: the daemon broke off\n/)
    await instance.start()
  }, true)
})

test('a command waits for a daemon that its keeper is slow to start', async () => {
  const before = instance.daemonPid()
  const keeper = await keeperPid()
  process.kill(keeper, 'SIGSTOP')
  instance.killDaemon()
  const listing = instance.galley('ls', '-q')
  // Longer than for one that nobody starts.
  await sleep(systemClock, 11_000)
  process.kill(keeper, 'SIGCONT')
  assert.deepEqual(await listing, { code: 0, out: '', err: '' })
  assert.notEqual(instance.daemonPid(), before)
})

test('daemon start waits for a daemon that has its directory, and has not written down yet which process it is', async () => {
  await instance.galley('daemon', 'stop', ...instance.options)
  const lock = lockFile(`${instance.data}/daemon.lock`)
  assert.ok(lock !== undefined)
  const refusals = (): number => readFileSync(`${instance.run}/daemon.log`, 'utf8').split('a daemon is running already').length
  const before = refusals()
  await Promise.all([instance.start(), instance.until(refusals, (count) => count > before + 2).finally(() => closeSync(lock))])
  await ok('version')
})

test('two daemons never share a directory, and a stale process id hinders nobody', async () => {
  const second = await instance.galley('daemon', '--data', instance.data, '--run', `${instance.home}/run2`)
  assert.equal(second.code, 5)
  assert.match(second.err, new RegExp(`a daemon is running already on ${instance.data}, process ${instance.daemonPid()}`))
  await instance.galley('daemon', 'stop', ...instance.options)
  writeFileSync(`${instance.run}/daemon.pid`, String(process.pid))
  assert.equal((await instance.galley('daemon', 'status', ...instance.options)).out, 'stopped\n')
  await instance.start()
})

test('why a daemon could not be started in the background is said at once', async () => {
  const { code, err } = await instance.galley('daemon', 'start', '--data', instance.data, '--run', `${instance.home}/run2`)
  assert.equal(code, 1)
  assert.match(err, new RegExp(`did not start: a daemon is running already on ${instance.data}, process ${instance.daemonPid()}\nhint: `))
})

test('a socket that somebody deletes is made anew, by the same daemon', async () => {
  const before = instance.daemonPid()
  unlinkSync(instance.socket)
  await instance.until(
    () => docker('version'),
    ({ code }) => code === 0,
  )
  assert.equal(instance.daemonPid(), before)
  assert.equal(statSync(instance.socket).mode & 0o777, 0o660)
})

test('when what is in the run directory is deleted, stop and start bring back what is to run, and end what nobody holds', async () => {
  await ok('run', '-d', '--name', 'wanted', '--restart', 'always', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'other', 'box', 'sleep', '1000')
  const pids = [
    await keeperPid(),
    ...(await Promise.all(['wanted', 'other'].map(async (name) => Number(await inspected(name, '{{.State.Pid}}'))))),
  ]
  // What is mounted there stays, as a directory that is busy.
  await instance.command('sh', ['-c', `rm -rf ${instance.run}/* 2>/dev/null; exit 0`])
  await instance.until(
    () => docker('version'),
    ({ code }) => code === 0,
  )
  assert.match((await instance.galley('daemon', 'status', ...instance.options)).out, /^running/)
  assert.equal((await instance.galley('daemon', 'stop', ...instance.options)).code, 0)
  await instance.start()
  await instance.until(
    () => docker('exec', 'wanted', 'true'),
    ({ code }) => code === 0,
  )
  assert.equal(await inspected('other', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 255')
  await instance.until(
    () => pids.filter((pid) => existsSync(`/proc/${pid}`)),
    (left) => left.length === 0,
  )
  await ok('rm', '-f', 'wanted', 'other')
})

/** The shell that starts the daemon again when nobody else can. */
function watcherPid(): number {
  return Number(readFileSync(`${instance.run}/watch/shell`, 'utf8'))
}

test('kill -9 of the watcher: the daemon starts another', async () => {
  const before = watcherPid()
  process.kill(before, 'SIGKILL')
  await instance.until(
    () => (existsSync(`${instance.run}/watch/shell`) ? watcherPid() : 0),
    (pid) => pid > 0 && pid !== before,
  )
})

function killUnlessGone(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It went with another.
  }
}

/** Ends every process of the instance at once, and takes its mounts and its run directory away. */
async function cutPower(): Promise<void> {
  const inits = (await ok('ps', '-q')).split('\n').filter((id) => id !== '')
  const pids = await Promise.all(inits.map((id) => inspected(id, '{{.State.Pid}}')))
  const [keeper, daemon] = [await keeperPid(), instance.daemonPid()]
  // Stopped, none of them starts another one anew that has gone.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of [watcherPid(), keeper, daemon]) process.kill(pid, signal)
  await instance.until(
    () => {
      const left = [...processes((line) => line.includes(instance.run)), ...pids.map(Number).filter((pid) => existsSync(`/proc/${pid}`))]
      for (const pid of left) killUnlessGone(pid)
      return left
    },
    ({ length }) => length === 0,
  )
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const path of mounts.filter((one) => one.startsWith(instance.home))) await instance.command('umount', ['-l', path])
  rmSync(instance.run, { recursive: true, force: true })
}

test('a project that was up comes back after a power cut as its file says: each service after what it depends on is healthy or completed', async () => {
  const { directory, run } = new Projects(instance)
  const note = (name: string, then: string): string => `sh -c 'echo ${name} >> /told/order; ${then}'`
  // The first time it runs on, so that the cut finds it running; then it fails once, and completes when it is tried again.
  const job = '[ -e /told/cut ] || exec sleep 1000; [ -e /told/tried ] && exit 0; touch /told/tried; exit 1'
  const home = directory('back', {
    'compose.yaml': `services:
  web: {image: box, command: "${note('web', 'exec sleep 1000')}", restart: always, volumes: [./told:/told], depends_on: [app], scale: 2}
  app:
    image: box
    command: "${note('app', 'exec sleep 1000')}"
    restart: unless-stopped
    volumes: [./told:/told]
    depends_on: {db: {condition: service_healthy}, job: {condition: service_completed_successfully}}
  job: {image: box, command: "${note('job', job)}", restart: on-failure, volumes: [./told:/told], depends_on: {db: {condition: service_healthy}}}
  db:
    image: box
    command: "${note('db', 'sleep 1; echo healthy >> /told/order; exec sleep 1000')}"
    restart: always
    volumes: [./told:/told]
    healthcheck: {test: "grep -q healthy /told/order", interval: 200ms, retries: 50}
`,
  })
  mkdirSync(`${home}/told`)
  writeFileSync(`${home}/told/tried`, '')
  writeFileSync(`${home}/told/cut`, '')
  const up = await run(home, 'up', '-d')
  assert.equal(up.code, 0, up.err)
  const order = (): string[] => (existsSync(`${home}/told/order`) ? readFileSync(`${home}/told/order`, 'utf8').trim().split('\n') : [])
  await instance.until(order, (lines) => lines.length === 6)
  rmSync(`${home}/told/cut`)
  await ok('start', 'back-job-1')
  const job1 = Number(await inspected('back-job-1', '{{.State.Pid}}'))
  await instance.until(
    () => commandLine(job1),
    (line) => line.startsWith('sleep'),
  )
  for (const file of ['tried', 'order']) rmSync(`${home}/told/${file}`)
  writeFileSync(`${home}/told/cut`, '')
  await cutPower()
  await instance.start()
  await instance.until(order, (lines) => lines.length >= 7)
  assert.deepEqual(order().slice(0, 4), ['db', 'healthy', 'job', 'job'])
  // They depend on its start alone: their programs may be quicker to write than its own.
  assert.deepEqual(order().slice(4).toSorted(), ['app', 'web', 'web'])
  const [app = '', ...webs] = await Promise.all(
    ['app-1', 'web-1', 'web-2'].map((name) => inspected(`back-${name}`, '{{.State.StartedAt}}')),
  )
  assert.ok(
    webs.every((web) => app <= web),
    `${app} ${webs.join(' ')}`,
  )
  assert.equal((await run(home, 'down', '-t', '0')).code, 0)
})

test('a machine that lost power comes back clean, with restart policies honoured in the order of dependencies', async () => {
  const project = (service: string, dependsOn: string): string[] =>
    [`project=shop`, `service=${service}`, `depends_on=${dependsOn}`].flatMap((label) => ['--label', `com.docker.compose.${label}`])
  await ok('run', '-d', '--name', 'app', '--restart', 'always', ...project('app', 'db:service_healthy:false'), 'box', 'sleep', '1000')
  await ok(
    'run',
    '-d',
    '--name',
    'db',
    '--restart',
    'always',
    ...project('db', ''),
    '--health-cmd',
    'true',
    '--health-interval',
    '300ms',
    'box',
    'sleep',
    '1000',
  )
  await ok('run', '-d', '--name', 'side', '--restart', 'always', '--network', 'container:app', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'once', '--rm', 'box', 'sleep', '1000')
  await ok('run', '-d', '--name', 'plain', 'box', 'sh', '-c', 'echo kept >/tmp/kept; exec sleep 1000')
  await ok('run', '-d', '--name', 'resting', '--restart', 'unless-stopped', 'box', 'sleep', '1000')
  await ok('stop', '-t', '0', 'resting')
  await cutPower()
  mkdirSync(`${instance.data}/containers/${'0'.repeat(64)}/upper`, { recursive: true })
  mkdirSync(`${instance.data}/trash/leftover`, { recursive: true })
  await instance.start()
  assert.equal(await inspected('plain', '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}'), 'exited 255 0')
  assert.equal(await inspected('resting', '{{.State.Status}}'), 'exited')
  assert.notEqual((await docker('inspect', 'once')).code, 0)
  await instance.until(
    () => inspected('side', '{{.State.Status}}'),
    (status) => status === 'running',
  )
  const started = async (name: string): Promise<number> =>
    Date.parse(JSON.parse(await inspected(name, '{{json .State.StartedAt}}')) as string)
  const [db, app, side] = [await started('db'), await started('app'), await started('side')]
  assert.ok(db + 300 <= app, 'the application waited until its database was healthy')
  assert.ok(app <= side)
  await instance.until(
    () => readdirSync(`${instance.data}/trash`),
    (left) => left.length === 0,
  )
  assert.equal(existsSync(`${instance.data}/containers/${'0'.repeat(64)}`), false)
  await ok('start', 'plain')
  assert.equal(await ok('exec', 'plain', 'cat', '/tmp/kept'), 'kept')
  await ok('rm', '-f', 'app', 'db', 'side', 'plain', 'resting')
})
