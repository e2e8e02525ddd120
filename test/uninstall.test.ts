import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'

/** Ending an instance with all that runs of it, whatever of it is alive. `stop` sees that nothing is left. */
const instance = instanceWithBox()
const { docker, ok } = instance

/** One container that says goodbye, one that has to be killed, one for a single run, with a port, and one that is paused. */
async function runSome(): Promise<void> {
  const deaf = ['--stop-timeout', '1', 'box', 'sleep', '1000']
  await ok('run', '-d', '--name', 'polite', 'box', 'sh', '-c', 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.1; done')
  await ok('run', '-d', '--name', 'deaf', '-p', '127.0.0.1::80', ...deaf)
  await ok('run', '-d', '--name', 'once', '--rm', ...deaf)
  await ok('run', '-d', '--name', 'paused', ...deaf)
  await ok('pause', 'paused')
  // The kernel drops a signal to a first process that has no handler for it yet.
  await instance.until(
    () => ok('logs', 'polite'),
    (text) => text === 'ready',
  )
}

function send(signal: NodeJS.Signals): void {
  for (const pid of [instance.daemonPid(), instance.keeperPid()]) {
    assert.ok(pid > 0)
    process.kill(pid, signal)
  }
}

async function uninstalled(): Promise<string> {
  // The run directory alone says which instance is meant.
  const { code, out, err } = await instance.command('./galley', ['daemon', 'uninstall', '--run', instance.run])
  assert.equal(code, 0, err)
  await instance.leavesNothing()
  for (const name of ['docker.sock', 'keeper.sock', 'daemon.pid', 'keeper.pid']) assert.equal(existsSync(`${instance.run}/${name}`), false)
  return out
}

/** The daemon that is started next knows how containers ended. */
async function assertTold(): Promise<void> {
  await instance.start()
  assert.equal(
    await ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'polite', 'deaf', 'paused'),
    'exited 3\nexited 137\nexited 137',
  )
  assert.notEqual((await docker('inspect', 'once')).code, 0)
  assertInMemory()
}

/** What starts and ends often waits for no disk, whatever an instance before this one left. */
function assertInMemory(): void {
  const TMPFS_MAGIC = 0x01021994
  for (const name of ['containers', 'crun', 'held', 'netns']) assert.equal(statfsSync(`${instance.run}/${name}`).type, TMPFS_MAGIC, name)
}

test('what runs is stopped by its own signal, then killed, and told to the next daemon', async () => {
  await runSome()
  assert.match(await uninstalled(), /stopped the daemon\nstopped containers: 4\nstopped the keeper\nunmounted: \d+\ndeleted bridges: 1\n/)
  await assertTold()
  assert.equal(await ok('logs', 'polite'), 'ready\nbye')
  await ok('rm', 'polite', 'deaf', 'paused')
})

test('the same when nobody but the containers is alive', async () => {
  await runSome()
  process.kill(Number(readFileSync(`${instance.run}/watch/shell`, 'utf8')), 'SIGKILL')
  send('SIGKILL')
  assert.match(await uninstalled(), /stopped containers: 4\n/)
  await assertTold()
  assert.equal(await ok('logs', 'polite'), 'ready\nbye')
  await ok('rm', 'polite', 'deaf', 'paused')
})

test('the same when daemon and keeper are stuck', async () => {
  await runSome()
  send('SIGSTOP')
  // What a keeper was writing down at that moment.
  writeFileSync(`${instance.run}/held/${'0'.repeat(64)}`, '')
  assert.match(await uninstalled(), /stopped the daemon\nstopped containers: 4\nstopped the keeper\n/)
  await assertTold()
  await ok('rm', 'polite', 'deaf', 'paused')
})

test('where nothing is, it says so, as often as it is asked', async () => {
  const nowhere = ['--run', `${instance.home}/nowhere`, '--data', `${instance.home}/no-data`]
  for (let time = 0; time < 2; time++) {
    const { code, out } = await instance.command('./galley', ['daemon', 'uninstall', ...nowhere])
    assert.deepEqual([code, out], [0, `nothing of this instance runs; its data is kept in ${instance.home}/no-data\n`])
  }
  const { code, out } = await instance.command('./galley', ['daemon', 'stop', '--run', `${instance.home}/nowhere`])
  assert.deepEqual([code, out], [0, `no daemon runs in ${instance.home}/nowhere\n`])
  assert.equal(existsSync(`${instance.home}/nowhere`), false)
})

/** A command in a mount namespace where the machine lacks some programs. */
function without(programs: readonly string[], command: string): Promise<Outcome> {
  const hide = `mount -t tmpfs tmpfs "$0" && for d in bin sbin; do mkdir "$0/$d" "$0/$d.work"; for f in ${programs.join(' ')}; do
    [ ! -e /usr/$d/$f ] || mknod "$0/$d/$f" c 0 0; done
    mount -t overlay overlay -o lowerdir=/usr/$d,upperdir="$0/$d",workdir="$0/$d.work" /usr/$d; done`
  return instance.command('unshare', ['-m', 'sh', '-ec', `${hide}; ${command}`, `${instance.home}/hidden`])
}

test('a program that is missing is told with what brings it, and keeps nothing else from being removed', async () => {
  await instance.start()
  await instance.galley('daemon', 'stop', ...instance.options)
  mkdirSync(`${instance.home}/hidden`, { recursive: true })
  const start = `./galley daemon start ${instance.options.join(' ')}`
  const ran = await without(['crun'], `${start}; docker run --rm box true`)
  assert.match(ran.err, /the runtime crun is not installed: there is no \/usr\/bin\/crun\napt-get install crun/)
  assert.equal((await instance.galley('daemon', 'stop', ...instance.options)).code, 0)
  await instance.start()
  const { code, out, err } = await without(['nft'], `./galley daemon uninstall --run ${instance.run}`)
  assert.equal(code, 1)
  assert.match(err, /can't start nft: .*\nhint: galley doctor tells what is missing/)
  assert.match(out, /removed the control groups/)
  assert.equal(existsSync(instance.socket), false)
  await uninstalled()
})
