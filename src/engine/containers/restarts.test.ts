import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import type { Container, RestartPolicy, State } from './model.ts'
import { Restarts, wantsRestart, wantsStartWithDaemon } from './restarts.ts'

function container(
  policy: RestartPolicy['Name'],
  state: Partial<State> = {},
  more: { retries?: number; restartCount?: number } = {},
): Container {
  return {
    id: 'c',
    restartCount: more.restartCount ?? 0,
    hostConfig: { RestartPolicy: { Name: policy, MaximumRetryCount: more.retries ?? 0 } },
    state: { status: 'exited', exitCode: 1, startedAt: 1000, finishedAt: 1001, stoppedByHand: false, ...state },
  } as Container
}

test('the policy decides on an exit, and a stop by hand overrules it', () => {
  assert.equal(wantsRestart(container('no')), false)
  assert.equal(wantsRestart(container('always', { exitCode: 0 })), true)
  assert.equal(wantsRestart(container('unless-stopped', { exitCode: 0 })), true)
  assert.equal(wantsRestart(container('on-failure', { exitCode: 0 })), false)
  assert.equal(wantsRestart(container('on-failure', {}, { retries: 2, restartCount: 1 })), true)
  assert.equal(wantsRestart(container('on-failure', {}, { retries: 2, restartCount: 2 })), false)
  for (const name of ['always', 'unless-stopped', 'on-failure'] as const)
    assert.equal(wantsRestart(container(name, { stoppedByHand: true })), false)
})

test('with the daemon start what was restarting and, unless stopped by hand, what is always to run', () => {
  assert.equal(wantsStartWithDaemon(container('on-failure', { status: 'restarting' })), true)
  assert.equal(wantsStartWithDaemon(container('on-failure')), false)
  assert.equal(wantsStartWithDaemon(container('always', { stoppedByHand: true })), true)
  assert.equal(wantsStartWithDaemon(container('unless-stopped', { stoppedByHand: true })), false)
  assert.equal(wantsStartWithDaemon(container('unless-stopped')), true)
  assert.equal(wantsStartWithDaemon(container('always', { status: 'created', startedAt: 0 })), false)
})

test('the backoff doubles from 100 ms to a minute and starts again after a run of ten seconds', async () => {
  const clock = new FakeClock()
  using restarts = new Restarts(clock)
  const delays: number[] = []
  const runFor = async (length: number): Promise<void> => {
    const from = clock.now()
    let due = -1
    restarts.schedule(container('always', { startedAt: from, finishedAt: from + length }), () => (due = clock.now() - from))
    await clock.advance(60_000)
    delays.push(due)
  }
  for (let run = 0; run < 12; run++) await runFor(10)
  await runFor(10_000)
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 100])
})

test('what a person did calls a pending restart off', async () => {
  const clock = new FakeClock()
  using restarts = new Restarts(clock)
  restarts.schedule(container('always'), () => assert.fail('restarted'))
  restarts.forget('c')
  assert.equal(clock.waiting, 0)
  await clock.advance(1000)
})

test('a container is restarted by hand until the last of those who do so at once is done', () => {
  using restarts = new Restarts(new FakeClock())
  const [first, second] = [restarts.byHand('c'), restarts.byHand('c')]
  first[Symbol.dispose]()
  assert.equal(restarts.isByHand('c'), true)
  second[Symbol.dispose]()
  assert.equal(restarts.isByHand('c'), false)
})
