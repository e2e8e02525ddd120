import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { keptOf, keptOfNetworks } from './leftovers.ts'

/** Crashes at every moment of many short lives, and many short lives at once. */
const instance = instanceWithBox()

const rounds = 24

/** The daemon, the keeper, or both. */
function crash(round: number): void {
  const names = [['daemon'], ['keeper'], ['daemon', 'keeper']][round % 3] ?? []
  for (const name of names) {
    const pid = name === 'daemon' ? instance.daemonPid() : instance.keeperPid()
    assert.ok(pid > 0)
    process.kill(pid, 'SIGKILL')
  }
}

/** Resolves when the daemon answers, and the keeper that it has is alive. */
async function answers(): Promise<void> {
  await instance.until(
    () => instance.docker('version'),
    ({ code }) => code === 0 && instance.daemonPid() > 0 && instance.keeperPid() > 0 && existsSync(`/proc/${instance.keeperPid()}`),
  )
}

test('crashes at any moment of a short life leave no container up, stuck or half removed', async () => {
  for (let round = 0; round < rounds; round++) {
    const lives = Array.from({ length: 5 }, () => instance.command('docker', ['run', '--rm', 'box', 'sleep', '0.1'], { timeout: 60_000 }))
    // Every moment of about 300 ms, in an order that gives each to each kind of crash.
    await sleep(systemClock, (round * 67) % 301)
    crash(round)
    const outcomes = await Promise.all(lives)
    assert.ok(!outcomes.some(({ code }) => code === null), `round ${round}: a client waits for ever`)
    await answers()
  }
  // What was made but never told to start, as its client lost the keeper, goes with the daemon, as in Docker.
  crash(0)
  await answers()
  await instance.until(
    () => instance.ok('ps', '-aq'),
    (ids) => ids === '',
  )
  await instance.until(
    () => keptOf(instance),
    (left) => left.length === 0,
  )
})

test('fifty containers at once all run to their end and are gone', async () => {
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => instance.docker('run', '--rm', 'box', 'echo', 'done')))
  assert.deepEqual(
    outcomes.filter(({ code, out }) => code !== 0 || out !== 'done\n'),
    [],
  )
  assert.equal(await instance.ok('ps', '-aq'), '')
})

test('crashes while networks and containers on them come and go leave none of them behind', async () => {
  const numbers = Array.from({ length: 12 }, (_, index) => index)
  for (let round = 0; round < 6; round++) {
    const made = numbers.map(async (number) => {
      await instance.docker('network', 'create', ...(number % 3 === 0 ? ['--ipv6'] : []), `net${number}`)
      const ports = number % 2 === 0 ? ['-p', '80', '-p', '81/udp'] : []
      await instance.docker('run', '-d', '--name', `on${number}`, '--network', `net${number}`, ...ports, 'box', 'sleep', '1000')
      await instance.docker('network', 'connect', `net${(number + 1) % numbers.length}`, `on${number}`)
    })
    for (let moment = 0; moment < 3; moment++) {
      await sleep(systemClock, 150 + (((round * 3 + moment) * 97) % 400))
      await answers()
      crash(round + moment)
    }
    await Promise.all(made)
    await answers()
    const [ids, networks] = [await instance.ok('ps', '-aq'), await instance.ok('network', 'ls', '-q', '--filter', 'type=custom')]
    if (networks !== '') assert.notDeepEqual(keptOfNetworks(instance), [])
    if (ids !== '') await instance.ok('rm', '-f', ...ids.split('\n'))
    if (networks !== '') await instance.ok('network', 'rm', ...networks.split('\n'))
    await instance.until(
      () => keptOfNetworks(instance),
      (left) => left.length === 0,
    )
  }
})
