import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Instance } from './instance.ts'

/**
 * `galley install` on a machine with systemd. It changes the machine itself, so only the emulated one that test/machine boots for it is
 * touched.
 */
const skip =
  process.env['GALLEY_TEST_MACHINE'] === 'emulated' ? false : 'this changes the machine: npm run test:debian -- test/systemd.test.ts'
/** Of no use as an instance: it lends its box and its commands. */
const helper = new Instance()
const run = promisify(execFile)
const environment = { ...process.env, DOCKER_HOST: 'unix:///run/galley/docker.sock' }
const docker = async (...args: string[]): Promise<string> => (await run('docker', args, { env: environment })).stdout.trim()
const systemctl = async (...args: string[]): Promise<string> => (await run('systemctl', args).catch((error) => error)).stdout.trim()
const state = (name: string): Promise<string> => docker('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', name)
const groupOf = (pid: string): string => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? ''
const numberIn = (file: string): string => readFileSync(`/run/galley/${file}`, 'utf8').trim()

/** Seconds since the epoch: what systemd said of earlier versions is not this one's. */
const begun = Math.floor(Date.now() / 1000)
let stays = ''

before(async () => {
  if (skip !== false) return
  await run('./galley', ['install'])
  helper.makeBox()
  await docker('import', `${helper.home}/rootfs.tar`, 'box')
  await docker('run', '-d', '--name', 'stays', 'box', 'sleep', '100000')
  stays = await state('stays')
})

after(() => helper.forget())

test('systemd starts the daemon, now and at boot; keeper and containers are outside of the unit', { skip }, async () => {
  assert.equal(await systemctl('is-active', 'galley'), 'active')
  assert.equal(await systemctl('is-enabled', 'galley'), 'enabled')
  assert.equal(groupOf(numberIn('daemon.pid')), '/system.slice/galley.service')
  assert.equal(groupOf(numberIn('keeper.pid')), '/galley-keeper')
  assert.match(groupOf(stays.split(' ')[1] ?? ''), /^\/galley\/[0-9a-f]{64}\/container$/)
})

test('containers live through a restart and a stop of the unit', { skip }, async () => {
  await systemctl('restart', 'galley')
  assert.equal(await state('stays'), stays)
  await systemctl('stop', 'galley')
  assert.equal(await systemctl('is-active', 'galley'), 'inactive')
  assert.ok(existsSync(`/proc/${stays.split(' ')[1]}`))
  await systemctl('start', 'galley')
  assert.equal(await state('stays'), stays)
  const { stdout } = await run('journalctl', ['-u', 'galley', '--since', `@${begun}`, '--no-pager', '-o', 'cat'])
  assert.doesNotMatch(stdout, /left-over process|remains running/)
})

test('a daemon that is killed comes back, and the unit stays active', { skip }, async () => {
  process.kill(Number(numberIn('daemon.pid')), 'SIGKILL')
  await helper.until(
    () => state('stays').catch(() => ''),
    (found) => found === stays,
  )
  assert.equal(await systemctl('is-active', 'galley'), 'active')
})

test('an uninstallation leaves nothing', { skip }, async () => {
  await run('./galley', ['uninstall', '--purge'])
  assert.deepEqual(globSync(['/etc/systemd/system/**/galley*', '/usr/local/bin/galley', '/var/lib/galley']), [])
  assert.equal(await systemctl('is-active', 'galley'), 'inactive')
  assert.deepEqual(
    readdirSync('/sys/fs/cgroup').filter((name) => name.startsWith('galley')),
    [],
  )
  assert.doesNotMatch((await run('nft', ['list', 'ruleset'])).stdout, /galley/)
  assert.doesNotMatch(readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8'), /galley/)
  assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), /(\/run|\/var\/lib)\/galley/)
})
