import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Instance } from './instance.ts'

/** What AppArmor adds to seccomp and capabilities, seen from containers that were given all that would hold them otherwise. */
const state = '/sys/module/apparmor/parameters/enabled'
const isEnabled = existsSync(state) && readFileSync(state, 'utf8').startsWith('Y')
const skip = isEnabled ? false : 'AppArmor is not enabled on this machine (npm run test:debian boots one where it is)'
const instance = new Instance()
const { docker, ok } = instance
const current = ['cat', '/proc/self/attr/current']
const open = ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined', '--security-opt', 'systempaths=unconfined']

before(async () => {
  await instance.start()
  await instance.importBox()
  if (isEnabled) await ok('run', '-d', '--name', 'open', ...open, 'box', 'sleep', '10000')
})

after(() => instance.stop())

test('a container and its exec sessions are confined by a profile, and inspect and info tell of it', { skip }, async () => {
  assert.equal(await ok('exec', 'open', ...current), 'galley-default (enforce)')
  assert.equal(await ok('exec', '--privileged', 'open', ...current), 'galley-default (enforce)')
  assert.equal(await ok('run', '--rm', '--security-opt', 'no-new-privileges', 'box', ...current), 'galley-default (enforce)')
  assert.equal(await ok('inspect', '-f', '{{.AppArmorProfile}}', 'open'), 'galley-default')
  assert.match(await ok('info', '-f', '{{.SecurityOptions}}'), /name=apparmor/)
})

test('it can’t mount, nor write the kernel’s own files, and can all that is its own', { skip }, async () => {
  const denied = [
    'mount -t tmpfs none /tmp',
    'echo h >/proc/sysrq-trigger',
    'echo 0 >/proc/sys/kernel/panic_on_oops',
    'echo 0 >/proc/sys/vm/drop_caches',
    'echo 0 >/sys/kernel/profiling',
    'cat /proc/kcore',
    'ls /sys/kernel/security/apparmor',
  ]
  const allowed = [
    'echo 4096 >/proc/sys/kernel/shmmni',
    'mkdir -p /etc/made && echo x >/etc/made/file',
    'sleep 100 & kill $!',
    'cat /proc/1/stat',
  ]
  const script = [...denied, ...allowed].map((line) => `if (${line}) >/dev/null 2>&1; then echo yes; else echo no; fi`).join('\n')
  const said = (await ok('exec', 'open', 'sh', '-c', script)).split('\n')
  assert.deepEqual(said, [...denied.map(() => 'no'), ...allowed.map(() => 'yes')])
})

test('a process of the host that it sees can’t be signalled', { skip }, async () => {
  const other = spawn('sleep', ['1000'])
  try {
    const signal = ['--pid', 'host', 'box', 'kill', '-0', String(other.pid)]
    assert.match((await docker('run', '--rm', ...signal)).err, /Permission denied/)
    await ok('run', '--rm', '--security-opt', 'apparmor=unconfined', ...signal)
  } finally {
    other.kill()
  }
})

test('it is off where that is asked for, and for a privileged container', { skip }, async () => {
  assert.equal(await ok('run', '--rm', '--security-opt', 'apparmor=unconfined', 'box', ...current), 'unconfined')
  assert.equal(await ok('run', '--rm', '--privileged', 'box', ...current), 'unconfined')
  assert.match((await docker('run', '--rm', '--security-opt', 'apparmor=nosuch', 'box', 'true')).err, /profile nosuch is not loaded/)
})

test('a profile that is asked for is refused where there are none', { skip: isEnabled && 'AppArmor is enabled here' }, async () => {
  const { code, err } = await docker('run', '--rm', '--security-opt', 'apparmor=mine', 'box', 'true')
  assert.equal(code, 125)
  assert.match(err, /AppArmor is not enabled on this host/)
  await ok('run', '--rm', '--security-opt', 'apparmor=unconfined', 'box', 'true')
  assert.equal(await ok('info', '-f', '{{.SecurityOptions}}').then((text) => text.includes('apparmor')), false)
})
