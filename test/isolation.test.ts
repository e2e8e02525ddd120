import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/**
 * A container that takes too much harms itself alone. All containers of this instance together get 128 MiB, as if the host
 * had little more than its reserve.
 */
const together = 128 << 20
const instance = new Instance(['--memory-reserve', String(totalmem() - together)])

/** Grows the container's first process without end. */
const hog = 'x=$(head -c 1000000000 /dev/zero | tr "\\0" x); echo survived'
/** As `hog`, once somebody has made /tmp/go. */
const hogLater = `while [ ! -e /tmp/go ]; do sleep 0.05; done; ${hog}`

before(async () => {
  await instance.start()
  await instance.importBox()
  await instance.ok('run', '-d', '--name', 'neighbour', 'box', 'sh', '-c', 'while true; do echo alive; sleep 0.1; done')
})

after(() => instance.stop())

function state(name: string): Promise<string> {
  return instance.ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}', name)
}

/** Events of a container, oldest first, without those of execs. */
async function eventsOf(name: string): Promise<string[]> {
  const now = String(Math.ceil(Date.now() / 1000) + 1)
  const lines = await instance.ok('events', '--since', '1', '--until', now, '--filter', `container=${name}`, '--format', '{{.Action}}')
  return lines.split('\n').filter((line) => !line.startsWith('exec'))
}

/** Whoever waits for the end hears of it before the events tell. */
async function hasDiedOfWant(name: string): Promise<void> {
  await instance.until(
    () => eventsOf(name),
    (events) => events.slice(-2).join() === 'oom,die',
  )
}

async function neighbourLives(): Promise<void> {
  const before = await instance.ok('logs', 'neighbour')
  await instance.until(
    () => instance.ok('logs', 'neighbour'),
    (now) => now.length > before.length,
  )
  assert.equal(await state('neighbour'), 'false 0 running')
}

test('over its own memory a container dies alone, told as OOMKilled, with an oom event before its end', async () => {
  const { code, out } = await instance.docker('run', '--name', 'own', '-m', '24m', 'box', 'sh', '-c', hog)
  assert.deepEqual([code, out], [137, ''])
  assert.equal(await state('own'), 'true 137 exited')
  await hasDiedOfWant('own')
  await neighbourLives()
})

test('a process that is not the first dies alone, and the container goes on', async () => {
  // Whom the kernel kills is the kernel's choice, which the process makes clear, as on a real machine its size would.
  const inner = `echo 900 >/proc/self/oom_score_adj; ${hog.replaceAll("'", '')}`
  const script = `sh -c '${inner}'; echo code $?; exec sleep 1000`
  await instance.ok('run', '-d', '--name', 'inner', '-m', '24m', 'box', 'sh', '-c', script)
  await instance.until(
    () => instance.ok('logs', 'inner'),
    (out) => out.includes('code 137'),
  )
  await instance.until(
    () => state('inner'),
    (now) => now === 'true 0 running',
  )
  assert.ok((await eventsOf('inner')).includes('oom'))
  await instance.ok('restart', '-t', '0', 'inner')
  await instance.ok('rm', '-f', 'inner')
})

test('SIGKILL by hand is not taken for want of memory, nor is a death of the neighbour’s', async () => {
  await instance.ok('run', '-d', '--name', 'innocent', '-m', '24m', 'box', 'sleep', '1000')
  await instance.docker('run', '--rm', '-m', '24m', 'box', 'sh', '-c', hog)
  await instance.ok('kill', 'innocent')
  await instance.ok('wait', 'innocent')
  assert.equal(await state('innocent'), 'false 137 exited')
  assert.ok(!(await eventsOf('innocent')).includes('oom'))
})

test('containers without a limit leave the host its reserve: one dies, daemon, keeper and neighbour live', async () => {
  const daemon = instance.daemonPid()
  const { code } = await instance.docker('run', '--name', 'greedy', 'box', 'sh', '-c', hog)
  assert.equal(code, 137)
  assert.equal(await state('greedy'), 'true 137 exited')
  await hasDiedOfWant('greedy')
  assert.equal(instance.daemonPid(), daemon)
  await neighbourLives()
  assert.ok(!(await eventsOf('neighbour')).includes('oom'))
})

async function triggerOf(name: string): Promise<string> {
  const pid = await instance.ok('inspect', '-f', '{{.State.Pid}}', name)
  return `/proc/${pid}/root/tmp/go`
}

test('it is seen while the daemon is dead', async () => {
  await instance.ok('run', '-d', '--name', 'later', '-m', '24m', 'box', 'sh', '-c', hogLater)
  const trigger = await triggerOf('later')
  instance.killDaemon()
  writeFileSync(trigger, '')
  await instance.until(
    () => instance.docker('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}', 'later'),
    ({ out }) => out === 'true 137 exited\n',
  )
})

test('it is seen while the keeper is dead', async () => {
  await instance.ok('run', '-d', '--name', 'last', '-m', '24m', 'box', 'sh', '-c', hogLater)
  const trigger = await triggerOf('last')
  process.kill(instance.keeperPid(), 'SIGKILL')
  writeFileSync(trigger, '')
  await instance.until(
    () => instance.docker('inspect', '-f', '{{.State.OOMKilled}} {{.State.Status}}', 'last'),
    ({ out }) => out === 'true exited\n',
  )
})

test('a fork bomb stops at the limit of processes', async () => {
  const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 1000 & done; wait'
  const { err } = await instance.docker('run', '--rm', '--pids-limit', '10', 'box', 'sh', '-c', script)
  assert.match(err, /can't fork|Resource temporarily unavailable/)
  await neighbourLives()
})

test('a container gets no more of the CPU than it may', async () => {
  await instance.ok('run', '-d', '--name', 'busy', '--cpus', '0.05', 'box', 'sh', '-c', 'while true; do :; done')
  await instance.until(
    () => instance.docker('exec', 'busy', 'sh', '-c', 'cat /sys/fs/cgroup/cpu/cpu.stat || cat /sys/fs/cgroup/cpu.stat'),
    ({ out }) => Number(/nr_throttled (\d+)/.exec(out)?.[1]) > 3,
  )
  await neighbourLives()
  await instance.ok('rm', '-f', 'busy')
})
