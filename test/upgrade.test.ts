import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { instanceWithBox } from './instance-with-box.ts'

/** A daemon that finds a keeper of another version of the program, as after an upgrade, and the containers that it holds. */
const instance = instanceWithBox()
const { ok } = instance

async function stopDaemon(): Promise<void> {
  const { code, err } = await instance.galley('daemon', 'stop', ...instance.options)
  assert.equal(code, 0, err)
}

async function hasEnded(pid: number): Promise<void> {
  await instance.until(
    () => existsSync(`/proc/${pid}`),
    (lives) => !lives,
  )
}

/** Starts the keeper's own program with some of its text replaced, in the place of the one that ended. */
async function startOther(edits: readonly (readonly [RegExp, string])[]): Promise<number> {
  let program = readFileSync('dist/keeper/main.js', 'utf8')
  for (const [found, instead] of edits) {
    assert.match(program, found)
    program = program.replace(found, instead)
  }
  const path = `${instance.home}/other-keeper.mjs`
  writeFileSync(path, program)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, instance.run], {
    stdio: 'ignore',
    cwd: '/',
    detached: true,
  })
  const { pid } = child
  assert.ok(pid !== undefined)
  await instance.until(
    () => instance.keeperPid(),
    (current) => current === pid,
  )
  return pid
}

/** Exec sessions and containers can't be started through it. */
const cannotStart = [/case "start":/, 'case "begin":'] as const

for (const { version, edits } of [
  { version: 7, edits: [cannotStart, [/protocolVersion = \d+/, 'protocolVersion = 7']] },
  { version: 0, edits: [cannotStart, [/case "version":/, 'case "from later":']] },
] as const) {
  test(`a keeper of version ${version} is replaced, and containers notice nothing`, async () => {
    const script = 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done'
    await ok('run', '-d', '--name', 'counts', 'box', 'sh', '-c', script)
    await ok('run', '-d', '--name', 'web', '-p', '127.0.0.1::80', 'box', 'httpd', '-f', '-h', '/data')
    const address = await ok('port', 'web', '80')
    const pids = await ok('inspect', '-f', '{{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}}', 'counts', 'web')
    await stopDaemon()
    const own = instance.keeperPid()
    process.kill(own, 'SIGTERM')
    await hasEnded(own)
    const other = await startOther(edits)
    await instance.start()
    await hasEnded(other)
    const daemon = instance.daemonPid()
    assert.match(
      readFileSync(`${instance.run}/daemon.log`, 'utf8'),
      new RegExp(`"replacing a keeper of another version","version":${version},`),
    )
    assert.equal(await ok('exec', 'counts', 'echo', 'entered'), 'entered')
    assert.equal(await ok('inspect', '-f', '{{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}}', 'counts', 'web'), pids)
    assert.equal(await instance.fetched(`http://${address}/seed`), 'from the image\n')
    const shown = (await ok('logs', 'counts')).split('\n').length
    const numbers = await instance.until(
      async () => (await ok('logs', 'counts')).split('\n').map(Number),
      ({ length }) => length > shown,
    )
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    )
    assert.notEqual(instance.keeperPid(), other)
    assert.equal(instance.daemonPid(), daemon)
    await ok('rm', '-f', 'counts', 'web')
  })
}

test('a keeper of the same version stays', async () => {
  const keeper = instance.keeperPid()
  await stopDaemon()
  await instance.start()
  assert.equal(instance.keeperPid(), keeper)
})
