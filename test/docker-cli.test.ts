import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** The real docker CLI against an instance of its own. */
const instance = instanceWithBox()
const { docker, fetched } = instance

test('docker version has every line that it has with Docker, none of them empty', async () => {
  const server = (await instance.ok('version')).split('\nServer:')[1] ?? ''
  assert.match(server, /Experimental: +false$/m)
  assert.doesNotMatch(server, /^ {2}[^:]+: *$/m)
})

test('run prints what the container prints and exits as it exits', async () => {
  assert.deepEqual(await docker('run', '--rm', 'box', 'sh', '-c', 'echo out; echo err >&2; exit 7'), {
    code: 7,
    out: 'out\n',
    err: 'err\n',
  })
})

test('input is piped through', async () => {
  assert.deepEqual(await instance.command('docker', ['run', '--rm', '-i', 'box', 'cat'], { input: 'hello\n' }), {
    code: 0,
    out: 'hello\n',
    err: '',
  })
})

test('a program that does not exist is 127, an option that Galley lacks is 125 and named', async () => {
  const missing = await docker('run', '--rm', 'box', 'nosuch')
  assert.equal(missing.code, 127)
  assert.match(missing.err, /exec: "nosuch": executable file not found in \$PATH/)
  const refused = await docker('run', '--rm', '--storage-opt', 'size=1G', 'box', 'true')
  assert.equal(refused.code, 125)
  assert.match(refused.err, /HostConfig.StorageOpt is not implemented by Galley/)
})

test('user, working directory, environment and hostname reach the process', async () => {
  const { out } = await docker(
    'run',
    '--rm',
    '-u',
    'operator',
    '-w',
    '/tmp',
    '-e',
    'A=b',
    '--hostname',
    'here',
    'box',
    'sh',
    '-c',
    'id; echo $PWD $A; hostname',
  )
  assert.equal(out, 'uid=37(operator) gid=37(operator) groups=37(operator),99(extra)\n/tmp b\nhere\n')
})

test('capabilities and seccomp are those of Docker', async () => {
  const { out } = await docker('run', '--rm', 'box', 'grep', '-E', 'CapEff|CapBnd|CapAmb|Seccomp:', '/proc/self/status')
  assert.equal(out.replaceAll(/\s+/g, ' '), 'CapEff: 00000000a80425fb CapBnd: 00000000a80425fb CapAmb: 0000000000000000 Seccomp: 2 ')
})

test('a running container is listed, inspected, entered, logged, restarted and removed', async () => {
  assert.equal((await docker('run', '-d', '--name', 'one', 'box', 'sh', '-c', 'echo started; exec sleep 1000')).code, 0)
  assert.match((await docker('ps', '--filter', 'name=one')).out, /Up .* one/)
  assert.equal((await docker('inspect', '-f', '{{.State.Status}} {{.Name}}', 'one')).out, 'running /one\n')
  assert.deepEqual(await docker('exec', 'one', 'sh', '-c', 'echo in; exit 3'), { code: 3, out: 'in\n', err: '' })
  assert.equal((await docker('exec', 'one', 'nosuch')).code, 127)
  assert.equal((await docker('logs', 'one')).out, 'started\n')
  assert.equal((await docker('restart', '-t', '0', 'one')).code, 0)
  assert.equal((await docker('logs', '--tail', '1', 'one')).out, 'started\n')
  assert.match((await docker('rm', 'one')).err, /container is running/)
  assert.equal((await docker('rm', '-f', 'one')).code, 0)
  assert.match((await docker('inspect', 'one')).err, /no such object|No such/i)
})

test('a volume starts with what the image holds there and outlives its container', async () => {
  assert.equal(
    (await docker('run', '--rm', '-v', 'kept:/data', 'box', 'sh', '-c', 'cat /data/seed; echo more >/data/mine')).out,
    'from the image\n',
  )
  assert.equal((await docker('run', '--rm', '-v', 'kept:/data', 'box', 'cat', '/data/mine')).out, 'more\n')
})

/** Where port 80 of a container is published. */
async function addressOf(name: string): Promise<string> {
  return (await docker('port', name, '80')).out.trim()
}

test('a published port answers on loopback, and a taken one names its holder', async () => {
  assert.equal((await docker('run', '-d', '--name', 'web', '-p', '127.0.0.1::80', 'box', 'httpd', '-f', '-h', '/data')).code, 0)
  const address = await addressOf('web')
  assert.equal(await fetched(`http://${address}/seed`), 'from the image\n')
  const taken = await docker('run', '-d', '--name', 'web2', '-p', `${address}:80`, 'box', 'httpd', '-f')
  assert.equal(taken.code, 125)
  assert.match(taken.err, /port is already allocated/)
})

test('kill -9 of the daemon harms no container: same process, port and log, and exits meanwhile are seen', async () => {
  await docker('run', '-d', '--name', 'stays', '-p', '127.0.0.1::80', 'box', 'httpd', '-f', '-h', '/data')
  const address = await addressOf('stays')
  await docker('run', '-d', '--name', 'ends', 'box', 'sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.1; done; echo last words; exit 9')
  const pid = (await docker('inspect', '-f', '{{.State.Pid}}', 'stays')).out
  const ends = (await docker('inspect', '-f', '{{.State.Pid}}', 'ends')).out.trim()
  instance.killDaemon()
  assert.equal(await fetched(`http://${address}/seed`), 'from the image\n')
  writeFileSync(`/proc/${ends}/root/tmp/go`, '')
  while (existsSync(`/proc/${ends}/root/tmp`)) await sleep(systemClock, 50)
  await instance.start()
  assert.equal((await docker('inspect', '-f', '{{.State.Pid}}', 'stays')).out, pid)
  assert.equal(await fetched(`http://${address}/seed`), 'from the image\n')
  assert.equal((await docker('wait', 'ends')).out, '9\n')
  assert.equal((await docker('logs', 'ends')).out, 'last words\n')
})

test('a restart policy starts a failing container again, as often as asked', async () => {
  await docker('run', '-d', '--name', 'fails', '--restart', 'on-failure:2', 'box', 'sh', '-c', 'echo try; exit 1')
  await instance.until(
    async () => (await docker('inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'fails')).out,
    (text) => text === '2 exited\n',
  )
  assert.equal((await docker('logs', 'fails')).out, 'try\ntry\ntry\n')
})
