import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** `docker logs` and log options, with the real docker CLI. */
const instance = instanceWithBox()
const { docker, ok } = instance

async function logged(name: string, script: string, ...options: string[]): Promise<void> {
  await ok('run', '--name', name, ...options, 'box', 'sh', '-c', script)
}

test('tail, since, until, timestamps and both streams', async () => {
  const script = 'echo one; echo two >&2; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo three; printf rest'
  await ok('run', '-d', '--name', 'two', 'box', 'sh', '-c', script)
  // Lines that are read at once have one time.
  await instance.until(
    () => docker('logs', 'two'),
    ({ out, err }) => out === 'one\n' && err === 'two\n',
  )
  await ok('exec', 'two', 'touch', '/tmp/go')
  await ok('wait', 'two')
  assert.equal(await ok('logs', '--tail', '2', 'two'), 'three\nrest')
  assert.equal(await ok('logs', '--tail', '0', 'two'), '')
  assert.deepEqual(await docker('logs', 'two'), { code: 0, out: 'one\nthree\nrest', err: 'two\n' })
  const times = (await ok('logs', '-t', 'two')).split('\n').map((line) => line.split(' ')[0] ?? '')
  assert.equal(await ok('logs', '--since', times[1] ?? '', 'two'), 'three\nrest')
  assert.equal(await ok('logs', '--until', times[0] ?? '', 'two'), 'one')
  await ok('rm', 'two')
})

test('every driver gives back what was written; none refuses', async () => {
  const script = 'seq 1 3000; echo error >&2'
  for (const driver of ['json-file', 'local']) {
    await logged(
      driver,
      script,
      '--log-driver',
      driver,
      '--log-opt',
      'max-size=10k',
      '--log-opt',
      'max-file=100',
      '--log-opt',
      'compress=true',
    )
    const { out, err } = await docker('logs', driver)
    assert.equal(out.split('\n').length, 3001)
    assert.ok(out.endsWith('\n2999\n3000\n'))
    assert.equal(err, 'error\n')
    assert.equal(await ok('logs', '--tail', '2001', driver).then((text) => text.split('\n')[0]), '1001')
    const files = readdirSync(`${instance.data}/containers/${await ok('inspect', '-f', '{{.Id}}', driver)}`)
    assert.ok(files.filter((name) => /\.log\.\d+(\.gz)?$/.test(name)).length > 3)
    await ok('rm', driver)
  }
  await logged('silent', script, '--log-driver', 'none')
  assert.match((await docker('logs', 'silent')).err, /configured logging driver does not support reading/)
  await ok('rm', 'silent')
})

test('what a container is labelled with goes with its lines when asked for', async () => {
  await logged('detailed', 'echo line', '--label', 'tier=front end', '--log-opt', 'labels=tier', '--log-opt', 'tag={{.Name}}')
  assert.equal(await ok('logs', '--details', 'detailed'), 'tag=detailed,tier=front%20end line')
  await ok('rm', 'detailed')
})

test('a following client sees every line over rotations and a restart, and its end', async () => {
  const script = 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; sleep 0.3'
  await ok('create', '--name', 'followed', '--log-opt', 'max-size=20k', '--log-opt', 'max-file=1000', 'box', 'sh', '-c', script)
  await ok('start', 'followed')
  const { out } = await docker('logs', '-f', 'followed')
  const expected = Array.from({ length: 3000 }, (_, line) => `${line}\n`).join('')
  assert.equal(out, expected)
  await ok('start', 'followed')
  assert.ok((await docker('logs', '-f', '--tail', '1', 'followed')).out.endsWith('2999\n'))
  await ok('rm', 'followed')
})

test('a client that follows and does not read holds nobody', async () => {
  const child = spawn(
    'docker',
    [
      'run',
      '--name',
      'flood',
      'box',
      'sh',
      '-c',
      'echo begun; dd if=/dev/zero bs=1M count=12 2>/dev/null | tr "\\0" x; touch /tmp/done; sleep 1000',
    ],
    {
      env: { PATH: process.env['PATH'] ?? '', HOME: instance.home, DOCKER_HOST: `unix://${instance.socket}` },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  await instance.until(
    () => docker('exec', 'flood', 'ls', '/tmp/done'),
    ({ code }) => code === 0,
  )
  child.kill('SIGKILL')
  await ok('rm', '-f', 'flood')
})

test('wrong options are refused when the container is created, and leave nothing behind', async () => {
  const wrong = await docker('create', '--name', 'wrong', '--log-opt', 'max-sise=10', 'box')
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /unknown log opt 'max-sise' for json-file log driver/)
  assert.match((await docker('create', '--log-driver', 'syslog', 'box')).err, /log driver "syslog" is not implemented by Galley/)
  assert.notEqual((await docker('inspect', 'wrong')).code, 0)
})

test('a container in mode non-blocking is made, and told that it is not', async () => {
  const { code, err } = await docker('create', '--name', 'mode', '--log-opt', 'mode=non-blocking', 'box', 'true')
  assert.equal(code, 0)
  assert.match(err, /WARNING: Log option mode=non-blocking acts as blocking/)
  await ok('rm', 'mode')
})

test('output goes on being logged and rotated while there is no daemon', async () => {
  const script = 'while [ ! -e /tmp/go ]; do sleep 0.05; done; seq 1 3000'
  const id = await ok('run', '-d', '--name', 'alone', '--log-opt', 'max-size=10k', 'box', 'sh', '-c', script)
  const pid = await ok('inspect', '-f', '{{.State.Pid}}', 'alone')
  await instance.galley('daemon', 'stop', ...instance.options)
  await instance.command('touch', [`/proc/${pid}/root/tmp/go`])
  while (existsSync(`/proc/${pid}/root/tmp`)) await sleep(systemClock, 20)
  await instance.until(
    () => existsSync(`${instance.data}/containers/${id}/${id}-json.log.4`),
    (there) => there,
  )
  await instance.start()
  await ok('wait', 'alone')
  assert.ok((await ok('logs', 'alone')).endsWith('\n2999\n3000'))
  await ok('rm', 'alone')
})

test('on a full disk a container goes on to its end, and can be stopped and removed to make room', async () => {
  const small = `${instance.home}/small`
  mkdirSync(small)
  await instance.command('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', small])
  const options = ['--data', small, '--run', `${instance.home}/r2`, '--pool', '10.63.0.0/16']
  const env = { DOCKER_HOST: `unix://${instance.home}/r2/docker.sock` }
  const there = (...args: string[]): Promise<Outcome> => instance.command('docker', args, { env })
  try {
    assert.equal((await instance.galley('daemon', 'start', ...options)).code, 0)
    await there('import', `${instance.home}/rootfs.tar`, 'box')
    const line = '0123456789'.repeat(8)
    const flood = await there('run', '--name', 'flood', 'box', 'sh', '-c', `yes ${line} | head -c 40000000 >&2; echo done`)
    assert.deepEqual([flood.code, flood.out], [0, 'done\n'])
    assert.equal((await there('rm', 'flood')).err, '')
    assert.deepEqual(await there('run', '--rm', 'box', 'echo', 'again'), { code: 0, out: 'again\n', err: '' })
  } finally {
    await instance.galley('daemon', 'uninstall', ...options)
    await instance.command('umount', ['-l', small])
  }
})
