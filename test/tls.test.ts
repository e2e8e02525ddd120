import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { after, before, test, type TestContext } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { freePorts } from './free-ports.ts'
import { Instance } from './instance.ts'
import { usePlugins } from './plugins.ts'

/** Certificates by the recipe of docs/tls.md, to the letter. */
const keys = mkdtempSync(`${tmpdir()}/galley-tls-`)
const port = await freePorts(2)
const address = `127.0.0.1:${port}`
const instance = new Instance(['--listen', address, ...flags('server')])

function flags(who: string): string[] {
  return ['--tlscacert', `${keys}/ca.pem`, '--tlscert', `${keys}/${who}-cert.pem`, '--tlskey', `${keys}/${who}-key.pem`]
}

before(async () => {
  const recipe = /```sh\n([^]*?)```/.exec(readFileSync('docs/tls.md', 'utf8'))?.[1] ?? ''
  const { status, stderr } = spawnSync('bash', ['-ec', recipe], { cwd: keys, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  await instance.start()
  await instance.importBox()
})

after(async () => {
  await instance.stop()
  rmSync(keys, { recursive: true, force: true })
})

test('a client with a certificate of the authority runs containers over TCP, input and output streamed', async () => {
  const options = ['--tlsverify', ...flags('client'), '-H', `tcp://${address}`]
  const run = await instance.command('docker', [...options, 'run', '--rm', '-i', 'box', 'cat'], {
    input: 'over TLS\n',
    env: { DOCKER_HOST: '' },
  })
  assert.deepEqual(run, { code: 0, out: 'over TLS\n', err: '' })
})

test('buildx builds over TCP, its session and the progress beside each other', async (t: TestContext) => {
  if (!(await usePlugins(instance, 'docker-buildx'))) return t.skip('no suite that has buildx can be reached')
  const directory = `${instance.home}/context`
  mkdirSync(directory)
  writeFileSync(`${directory}/Dockerfile`, 'FROM box\nCOPY big /\nRUN wc -c </big\n')
  writeFileSync(`${directory}/big`, Buffer.alloc(9_000_000))
  const options = ['--tlsverify', ...flags('client'), '-H', `tcp://${address}`]
  const { code, err } = await instance.command('docker', [...options, 'buildx', 'build', '--progress=plain', directory], {
    env: { DOCKER_HOST: '' },
  })
  assert.equal(code, 0, err)
  assert.match(err, /\d 9000000$/m)
})

test('nobody else gets an answer', async () => {
  const stranger = await new Promise<string>((resolve) => {
    const call = request({ host: '127.0.0.1', port, path: '/_ping', rejectUnauthorized: false }, () => resolve('an answer'))
    call.on('error', (error) => resolve(error.message))
    call.end()
  })
  // What it had sent by then makes the kernel tell it of a connection that is gone, now and then before it has read why.
  assert.match(stranger, /certificate required|ECONNRESET|EPIPE|socket hang up/)
  const plain = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('error', () => resolve(text))
    socket.on('close', () => resolve(text))
  })
  assert.doesNotMatch(plain, /HTTP/)
})

test('a client that comes while a daemon that died is started again waits for it', async () => {
  const keeper = instance.keeperPid()
  process.kill(keeper, 'SIGSTOP')
  instance.killDaemon()
  const version = instance.command('docker', ['--tlsverify', ...flags('client'), '-H', `tcp://${address}`, 'version', '-f', 'answered'], {
    env: { DOCKER_HOST: '' },
  })
  await sleep(systemClock, 500)
  process.kill(keeper, 'SIGCONT')
  assert.deepEqual(await version, { code: 0, out: 'answered\n', err: '' })
})

test('a TCP port without TLS is refused, and says how to make certificates', async () => {
  const { code, err } = await instance.galley(
    'daemon',
    '--data',
    `${keys}/data`,
    '--run',
    `${keys}/run`,
    '--listen',
    `127.0.0.1:${port + 1}`,
  )
  assert.equal(code, 2)
  assert.match(err, /needs --tlscacert, --tlscert and --tlskey[^]*docs\/tls\.md/)
})
