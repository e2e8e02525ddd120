import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { FrameBuffer } from '#base/frame-buffer.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** Starts, ends, restarts, health checks, attached clients and exec sessions, with the real docker CLI. */
const instance = instanceWithBox()
const { docker, ok } = instance

function inspected(name: string, format: string): Promise<string> {
  return ok('inspect', '-f', format, name)
}

/** Runs a docker command on a terminal of its own, types `keys` once it is `ready`, and resolves with all that it showed. */
async function onTerminal(
  args: readonly string[],
  ready: (shown: () => string) => Promise<unknown>,
  keys: readonly string[],
): Promise<string> {
  const child = spawn('script', ['-qec', ['docker', ...args].map((word) => `'${word}'`).join(' '), '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', HOME: instance.home, DOCKER_HOST: `unix://${instance.socket}`, TERM: 'xterm' },
    timeout: 120_000,
  })
  let [shown, isClosed] = ['', false]
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  child.stdin.on('error', () => undefined)
  child.on('close', () => (isClosed = true))
  await ready(() => shown)
  for (const key of keys.slice(0, -1)) child.stdin.write(key)
  // Of the keys that come before the client takes each as it is, the terminal keeps some for itself.
  await instance.until(
    () => isClosed || (child.stdin.write(keys.at(-1) ?? ''), false),
    (value) => value,
  )
  return shown
}

/** The answer to a request that the CLI does not make, when its head has come. */
async function answered(path: string): Promise<IncomingMessage> {
  const asked = request({ socketPath: instance.socket, method: 'POST', path }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}

/** The body of such an answer. */
async function post(path: string): Promise<string> {
  return (await text(await answered(path))).trim()
}

/** Resolves when a container has been attached to so many times. */
function attached(name: string, times: number): Promise<unknown> {
  const query = ['--since', '10m', '--until', '-1s', '--filter', `container=${name}`, '--filter', 'event=attach', '--format', '{{.Action}}']
  return instance.until(
    () => ok('events', ...query),
    (text) => text === Array.from({ length: times }, () => 'attach').join('\n'),
  )
}

test('a container is starting until its first check has been run', async () => {
  await ok('run', '-d', '--name', 'starts', '--health-interval', '1h', '--health-cmd', 'true', 'box', 'sleep', '1000')
  assert.match(await ok('ps', '--filter', 'name=starts', '--format', '{{.Status}}'), /\(health: starting\)$/)
  await ok('rm', '-f', 'starts')
})

test('a health check is run, told in ps, inspect, filters and events, and goes on under the next daemon', async () => {
  await ok(
    ...'run -d --name checked --health-interval 100ms --health-retries 2 --health-cmd'.split(' '),
    'test -e /tmp/well || { echo ill; exit 1; }',
    'box',
    'sleep',
    '1000',
  )
  const status = (): Promise<string> => inspected('checked', '{{.State.Health.Status}}')
  await instance.until(status, (value) => value === 'unhealthy')
  assert.match(await inspected('checked', '{{json .State.Health}}'), /"FailingStreak":([2-9]|\d\d+),.*"ExitCode":1,"Output":"ill\\n"/)
  await ok('exec', 'checked', 'touch', '/tmp/well')
  await instance.until(status, (value) => value === 'healthy')
  assert.match(await ok('ps', '--filter', 'health=healthy', '--format', '{{.Names}} {{.Status}}'), /^checked Up .* \(healthy\)$/)
  const events = await ok('events', '--since', '10m', '--until', '-1s', '--filter', 'event=health_status', '--format', '{{.Action}}')
  assert.equal(events, 'health_status: unhealthy\nhealth_status: healthy')
  instance.killDaemon()
  await instance.start()
  assert.equal(await status(), 'healthy')
  await ok('exec', 'checked', 'rm', '/tmp/well')
  await instance.until(status, (value) => value === 'unhealthy')
  await ok('rm', '-f', 'checked')
})

test("an image's check is inherited and can be switched off; a check that takes too long is ended", async () => {
  await ok(
    'create',
    '--name',
    'parent',
    '--health-cmd',
    'sleep 100',
    '--health-timeout',
    '200ms',
    '--health-interval',
    '100ms',
    '--health-retries',
    '1',
    'box',
    'sleep',
    '1000',
  )
  await ok('start', 'parent')
  await instance.until(
    () => inspected('parent', '{{json .State.Health}}'),
    (text) => text.includes('Health check exceeded timeout (200ms)') && text.includes('"Status":"unhealthy"'),
  )
  const off = await ok('run', '-d', '--rm', '--no-healthcheck', 'box', 'sleep', '1000')
  assert.equal(await inspected(off, '{{.State.Health}}'), '<nil>')
  const refused = await docker('create', '--health-cmd', 'x', '--health-interval', '1us', 'box')
  assert.match(refused.err, /Interval in Healthcheck cannot be less than 1ms|cannot be less than/)
  await ok('rm', '-f', 'parent', off)
})

test('a container that keeps failing waits longer each time, and a stop by hand ends that for good', async () => {
  // Started by hand, it fails once and then stays: its count is the same whenever it is looked at.
  const script = 'if [ -e /tmp/once ]; then rm /tmp/once; elif [ -e /tmp/stay ]; then exec sleep 1000; fi; exit 1'
  await ok('run', '-d', '--name', 'loops', '--restart', 'unless-stopped', '--stop-timeout', '0', 'box', 'sh', '-c', script)
  await instance.until(
    () => inspected('loops', '{{.RestartCount}} {{.State.Status}} {{.State.Restarting}}'),
    (text) => /^([3-9]|\d\d) restarting true/.test(text),
  )
  await instance.until(
    () => ok('ps', '--filter', 'name=loops', '--format', '{{.Status}}'),
    (text) => text.startsWith('Restarting (1)'),
  )
  // The one moment in which it runs is no reason to fail.
  await instance.until(
    () => docker('exec', 'loops', 'true'),
    ({ err }) => err.includes('is restarting, wait until the container is running'),
  )
  await ok('stop', 'loops')
  assert.equal(await inspected('loops', '{{.State.Status}} {{.State.Running}}'), 'exited false')
  instance.killDaemon()
  await instance.start()
  assert.equal(await inspected('loops', '{{.State.Status}}'), 'exited')
  const marks = `${instance.home}/marks`
  mkdirSync(marks)
  for (const name of ['once', 'stay']) writeFileSync(`${marks}/${name}`, '')
  await ok('cp', `${marks}/.`, 'loops:/tmp')
  await ok('start', 'loops')
  await instance.until(
    () => inspected('loops', '{{.RestartCount}} {{.State.Status}}'),
    (text) => text === '1 running',
  )
  await ok('rm', '-f', 'loops')
})

test('a signal that is not meant to end a container leaves its restart policy in force', async () => {
  const script = 'trap "exit 4" USR1; echo ready; while :; do sleep 0.05; done'
  await ok('run', '-d', '--name', 'signalled', '--restart', 'always', 'box', 'sh', '-c', script)
  // The kernel drops a signal to a first process that has no handler for it yet.
  await instance.until(
    () => ok('logs', 'signalled'),
    (text) => text === 'ready',
  )
  await ok('kill', '-s', 'USR1', 'signalled')
  await instance.until(
    () => inspected('signalled', '{{.RestartCount}} {{.State.Status}}'),
    (text) => text === '1 running',
  )
  await ok('kill', 'signalled')
  assert.equal(await ok('wait', 'signalled'), '137')
  assert.equal(await inspected('signalled', '{{.State.Status}}'), 'exited')
  await ok('rm', 'signalled')
})

test('wait answers at the next exit, at the removal, and at once for one that has ended', async () => {
  await ok('run', '-d', '--name', 'waited', '--rm', 'box', 'sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 5')
  const conditions = ['not-running', 'next-exit', 'removed']
  const answers = await Promise.all(conditions.map((condition) => answered(`/containers/waited/wait?condition=${condition}`)))
  await ok('exec', 'waited', 'touch', '/tmp/go')
  assert.deepEqual(
    await Promise.all(answers.map((answer) => text(answer))),
    Array.from({ length: 3 }, () => '{"StatusCode":5}\n'),
  )
  assert.match((await docker('wait', 'waited')).err, /No such container/)
})

test('a terminal takes input, shows output, and is left by its detach keys while the container runs on', async () => {
  const script = 'tty; echo ready; exec cat'
  const left = await onTerminal(
    ['run', '-it', '--name', 'term', '--detach-keys', 'ctrl-a,x', 'box', 'sh', '-c', script],
    (shown) => instance.until(shown, (text) => text.includes('ready')),
    ['typed\r', '\u0001x'],
  )
  assert.match(left, /\/dev\/pts\/\d+/)
  assert.equal(await inspected('term', '{{.State.Status}}'), 'running')
  await onTerminal(['attach', 'term'], () => attached('term', 2), ['once more\r', '\u0010\u0011'])
  assert.equal(await inspected('term', '{{.State.Status}}'), 'running')
  await instance.until(
    () => ok('logs', 'term'),
    (text) => /ready[^]*typed[^]*once more/.test(text),
  )
  const refused = await post('/containers/term/attach?stream=1&detachKeys=nonsense')
  assert.match(refused, /Invalid detach keys \(.*nonsense\) provided/)
  await ok('rm', '-f', 'term')
})

test('a size that comes before the start is the size that the terminal starts with', async () => {
  await ok('create', '-t', '--name', 'sized', 'box', 'busybox', 'stty', 'size')
  await post('/containers/sized/resize?h=33&w=99')
  await ok('start', 'sized')
  await ok('wait', 'sized')
  assert.equal((await ok('logs', 'sized')).trim(), '33 99')
  await post('/containers/sized/resize?h=1&w=1').then((answer) => assert.match(answer, /is not running/))
  await ok('rm', 'sized')
})

test('a client that gets what was logged before misses nothing and sees nothing twice', async () => {
  const script = 'i=0; while [ ! -e /tmp/go ]; do echo $i; i=$((i+1)); sleep 0.01; done'
  await ok('run', '-d', '--name', 'joined', 'box', 'sh', '-c', script)
  await instance.until(
    () => ok('logs', 'joined'),
    (logged) => logged.split('\n').length > 20,
  )
  // Who attached to one that has ended would wait for its next start.
  const answer = await answered('/v1.41/containers/joined/attach?logs=1&stream=1&stdout=1')
  await ok('exec', 'joined', 'touch', '/tmp/go')
  const frames = new FrameBuffer().push(await buffer(answer))
  const numbers = Buffer.concat(frames.map(({ data }) => data))
    .toString()
    .split('\n')
    .slice(0, -1)
  assert.ok(numbers.length > 20)
  assert.deepEqual(
    numbers.map(Number),
    numbers.map((_, number) => number),
  )
  await ok('wait', 'joined')
  await ok('rm', 'joined')
})

test('bytes that look like detach keys pass where there is no terminal, and the end of input ends the process', async () => {
  const input = Buffer.from([1, 16, 17, 2, 10])
  const { out } = await instance.command('docker', ['run', '-i', '--rm', 'box', 'cat'], { input })
  assert.deepEqual(Buffer.from(out), input)
})

test('start -ai joins an ended container again, and several clients see the same', async () => {
  await ok('create', '-i', '--name', 'again', 'box', 'sh', '-c', 'read line; echo got $line; exit 6')
  for (const word of ['one', 'two']) {
    const { code, out } = await instance.command('docker', ['start', '-ai', 'again'], { input: `${word}\n` })
    assert.deepEqual([code, out], [6, `got ${word}\n`])
  }
  await ok('run', '-d', '--name', 'shown', 'box', 'sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.05; done; echo to all')
  const clients = [docker('attach', 'shown'), docker('attach', 'shown')]
  await attached('shown', 2)
  await ok('exec', 'shown', 'touch', '/tmp/go')
  assert.deepEqual(
    (await Promise.all(clients)).map(({ out }) => out),
    ['to all\n', 'to all\n'],
  )
  await ok('rm', 'again', 'shown')
})

test('nothing is kept open for clients that were killed', async () => {
  await ok('run', '-d', '--name', 'quiet', 'box', 'sleep', '1000')
  const open = (): number => readdirSync(`/proc/${instance.daemonPid()}/fd`).length
  const before = open()
  const clients = Array.from({ length: 5 }, () =>
    spawn('docker', ['attach', '--no-stdin', 'quiet'], {
      env: { ...process.env, DOCKER_HOST: `unix://${instance.socket}` },
      stdio: 'ignore',
    }),
  )
  await attached('quiet', 5)
  for (const client of clients) client.kill('SIGKILL')
  await instance.until(
    async () => {
      await ok('exec', 'quiet', 'true')
      return open()
    },
    (count) => count <= before,
  )
  await ok('rm', '-f', 'quiet')
})

test('an exec session gives all of its output and its exit code, and nothing of it is left', async () => {
  await ok('run', '-d', '--name', 'host', 'box', 'sleep', '1000')
  const { out, code } = await docker('exec', 'host', 'sh', '-c', 'seq 1 2000000; exit 9')
  assert.deepEqual([code, out.length, out.endsWith('\n1999999\n2000000\n')], [9, 14_888_896, true])
  const missing = await docker('exec', 'host', 'nosuch')
  assert.equal(missing.code, 127)
  assert.match(missing.out, /exec: "nosuch": executable file not found in \$PATH/)
  await ok('exec', '-d', 'host', 'sh', '-c', 'touch /tmp/detached')
  await instance.until(
    () => docker('exec', 'host', 'ls', '/tmp/detached'),
    ({ code: found }) => found === 0,
  )
  const id = await inspected('host', '{{.Id}}')
  await instance.until(
    () => [...readdirSync(`${instance.run}/containers/${id}/execs`), ...readdirSync(`${instance.run}/held`)],
    (left) => left.length === 1,
  )
  assert.equal(await inspected('host', '{{.ExecIDs}}'), '[]')
  await ok('rm', '-f', 'host')
})

test('a process that an exec session leaves behind does not hold its client', async () => {
  await ok('run', '-d', '--name', 'behind', 'box', 'sleep', '1000')
  assert.equal(await ok('exec', 'behind', 'sh', '-c', 'sleep 1000 & echo started'), 'started')
  await ok('rm', '-f', 'behind')
})

test('a container that no signal ends is told as that by stop and rm -f, and goes when it can', async (context) => {
  const freezer = '/sys/fs/cgroup/freezer'
  if (!existsSync(freezer))
    return context.skip('only a frozen group of cgroup version 1 keeps a process from dying, and this host has none')
  const id = await ok('run', '-d', '--name', 'undying', 'box', 'sleep', '1000')
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', 'undying')
  const group = /^\d+:freezer:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? ''
  assert.match(group, new RegExp(id))
  // The one above it: its own is thawed by what is meant to end it, as one that is paused.
  const state = `${freezer}${dirname(group)}/freezer.state`
  try {
    // The kernel finishes the job only when asked again, and a process that has not come to stand still would die.
    await instance.until(
      () => (writeFileSync(state, 'FROZEN'), readFileSync(`${freezer}${group}/freezer.state`, 'utf8')),
      (text) => text === 'FROZEN\n',
    )
    const outcomes = await Promise.all([docker('stop', '-t', '0', 'undying'), docker('rm', '-f', 'undying')])
    for (const { code, err } of outcomes) {
      assert.equal(code, 1)
      assert.match(err, /cannot (stop|remove) container.*tried to kill container, but did not receive an exit event/)
    }
  } finally {
    writeFileSync(state, 'THAWED')
  }
  await ok('wait', 'undying')
  await ok('rm', '-f', 'undying')
})
