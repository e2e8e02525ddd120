import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Outcome } from './instance.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { Projects } from './projects.ts'

/** `deploy.update_config` and `rollback_config`: what happens to a service's containers when new ones fail. */
const instance = instanceWithBox()
const { directory, run } = new Projects(instance)

/** Three containers that are ready when they say so. `begin` decides whether one lives. */
const three = (word: string, begin: string, deploy: string): string => `services:
  app:
    image: box
    command: sh -c '${begin}; trap "echo ${word} ends >> /flag/told; exit 0" TERM; touch /tmp/ready; sleep 1000 & wait'
    environment: {WORD: ${word}}
    volumes: [./flag:/flag]
    stop_grace_period: 5s
    healthcheck: {test: test -e /tmp/ready, interval: 1s, start_interval: 100ms, start_period: 60s, retries: 1}
    deploy: {replicas: 3, ${deploy}}
`

/** What runs, as `WORD` of each place in turn. */
async function words(project: string): Promise<string> {
  const all = [1, 2, 3].map((number) => instance.ok('exec', `${project}-app-${number}`, 'sh', '-c', 'echo $WORD'))
  return (await Promise.all(all)).join(' ')
}

async function updated(name: string, deploy: string, begin: string): Promise<{ outcome: Outcome; home: string }> {
  const home = directory(name, { 'compose.yaml': three('one', 'true', deploy) })
  mkdirSync(`${home}/flag`)
  assert.equal((await run(home, 'up', '-d')).code, 0)
  assert.equal(await words(name), 'one one one')
  writeFileSync(`${home}/compose.yaml`, three('two', begin, deploy))
  return { outcome: await run(home, 'up', '-d'), home }
}

const firstFails = 'mkdir /flag/first && exit 3'
const lastFails = 'mkdir /flag/first || mkdir /flag/second || exit 3'

test('failures within max_failure_ratio keep the other containers from nothing; the old one goes on in the place of the failed one', async () => {
  const deploy = 'update_config: {order: start-first, failure_action: rollback, max_failure_ratio: 0.4}'
  const { outcome, home } = await updated('ratio', deploy, firstFails)
  assert.equal(outcome.code, 1)
  assert.match(outcome.err, /ratio-app-1 {2}Error {2}the new version did not make it \(ended with exit code 3\); the old one goes on/)
  assert.match(outcome.err, /Service app {2}Updated/)
  assert.equal(await words('ratio'), 'one two two')
  rmSync(`${home}/flag/first`, { recursive: true })
  mkdirSync(`${home}/flag/first`)
  const again = await run(home, 'up', '-d')
  assert.equal(again.code, 0, again.err)
  assert.equal(await words('ratio'), 'two two two')
  assert.equal((await run(home, 'down')).code, 0)
})

test('more failures than that bring all old ones back, and why is explained with what changed', async () => {
  const deploy = 'update_config: {order: start-first, failure_action: rollback, max_failure_ratio: 0.3}'
  const { outcome, home } = await updated('back', deploy, lastFails)
  assert.equal(outcome.code, 1)
  assert.match(outcome.err, /Service app {2}Rolled back/)
  assert.equal(await words('back'), 'one one one')
  assert.match(outcome.err, /the update was rolled back/)
  assert.match(outcome.err, /changed: environment\.WORD: one → two/)
  assert.equal((await instance.ok('ps', '-a', '--format', '{{.Names}}')).split('\n').length, 3, 'nothing else is left')
  assert.equal((await run(home, 'down')).code, 0)
})

test('pause keeps what was replaced, and leaves the rest as it was', async () => {
  const { outcome, home } = await updated('pause', 'update_config: {order: start-first, failure_action: pause}', lastFails)
  assert.equal(outcome.code, 1)
  assert.match(outcome.err, /Service app {2}Paused/)
  assert.equal(await words('pause'), 'two two one')
  assert.equal((await instance.ok('ps', '-a', '--format', '{{.Names}}')).split('\n').length, 3)
  assert.equal((await run(home, 'down')).code, 0)
})

test('rollback_config says how many come back at a time, and whether beside the new ones or after them', async () => {
  const update = 'update_config: {order: start-first, failure_action: rollback}'
  const beside = await updated('beside', `${update}, rollback_config: {parallelism: 0, monitor: 300ms}`, lastFails)
  assert.match(beside.outcome.err, /Service app {2}Rolled back/)
  assert.equal(await words('beside'), 'one one one')
  assert.equal((await run(beside.home, 'down')).code, 0)

  const later = await updated('later', `${update}, rollback_config: {parallelism: 1, order: stop-first}`, lastFails)
  assert.match(later.outcome.err, /Service app {2}Rolled back/)
  assert.equal(await words('later'), 'one one one')
  assert.match(readFileSync(`${later.home}/flag/told`, 'utf8'), /two ends/)
  assert.equal((await run(later.home, 'down')).code, 0)

  const swapped = 'update_config: {order: stop-first, failure_action: rollback}, rollback_config: {order: start-first}'
  const third = await updated('swapped', swapped, lastFails)
  assert.match(third.outcome.err, /Service app {2}Rolled back/)
  assert.equal(await words('swapped'), 'one one one')
  assert.equal((await instance.ok('ps', '-a', '--format', '{{.Names}}')).split('\n').length, 3)
  assert.equal((await run(third.home, 'down')).code, 0)
})

test('old ones that do not come back are told, and what serves goes on', async () => {
  const deploy = 'update_config: {order: start-first, failure_action: rollback}, rollback_config: {order: start-first}'
  const home = directory('lost', { 'compose.yaml': three('one', 'test ! -e /flag/never || exit 4', deploy) })
  mkdirSync(`${home}/flag`)
  assert.equal((await run(home, 'up', '-d')).code, 0)
  writeFileSync(`${home}/compose.yaml`, three('two', `touch /flag/never; ${lastFails}`, deploy))
  const { code, err } = await run(home, 'up', '-d')
  assert.equal(code, 1)
  assert.match(err, /Service app {2}Error {2}the old version of app did not come back: lost-app-2: ended with exit code 4/)
  assert.equal(await words('lost'), 'two two one')
  assert.equal((await run(home, 'down')).code, 0)
})
