import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits, judge, type Observation } from './verdict.ts'
import type { ContainerView } from './world.ts'

const container: ContainerView = {
  id: 'i',
  name: 'n',
  service: 'n',
  image: 'box',
  status: 'running',
  pid: 1,
  exitCode: 0,
  error: '',
  oomKilled: false,
  memoryPeak: undefined,
  memoryLimit: 0,
  stoppedByHand: false,
  forced: undefined,
  restartCount: 0,
  startedAt: 0,
  health: undefined,
  restartPolicy: 'no',
  understudy: false,
  hooks: undefined,
  stopGracePeriod: 10,
  address: undefined,
  anonymousVolumes: [],
  mountedImages: {},
  ports: [],
}
const state = (view: Partial<ContainerView>, more: Partial<Observation> = {}): string =>
  judge({ container: { ...container, ...view }, now: 0, elapsed: 0, ends: 0, port: undefined, ...more }, defaultLimits).state

test('a service is up when it is healthy, answers, is listened on for a while, or has run for a while', () => {
  assert.equal(state({}, { now: 2999 }), 'waiting')
  assert.equal(state({}, { now: 3000 }), 'up')
  assert.equal(state({}, { now: 9000, port: { state: 'closed' } }), 'waiting')
  assert.equal(state({}, { now: 11_000, port: { state: 'open', since: 1001 } }), 'waiting')
  assert.equal(state({}, { now: 11_000, port: { state: 'open', since: 1000 } }), 'up')
  assert.equal(state({}, { port: { state: 'answers' } }), 'up')
  assert.equal(state({ health: { status: 'starting', last: undefined } }, { port: { state: 'answers' }, now: 9000 }), 'waiting')
  assert.equal(state({ health: { status: 'healthy', last: undefined } }), 'up')
})

test('it has failed when it ended badly or too often, is unhealthy, or takes too long', () => {
  assert.equal(state({ status: 'exited', exitCode: 3 }), 'failed')
  assert.equal(state({ status: 'restarting', exitCode: 1, restartPolicy: 'on-failure' }, { ends: 2 }), 'waiting')
  assert.equal(state({ status: 'restarting', exitCode: 1, restartPolicy: 'on-failure' }, { ends: 3 }), 'failed')
  assert.equal(state({ health: { status: 'unhealthy', last: undefined } }), 'failed')
  assert.equal(
    state({ status: 'restarting', restartPolicy: 'always', health: { status: 'unhealthy', last: undefined } }, { ends: 1 }),
    'waiting',
  )
  assert.equal(state({}, { port: { state: 'closed' }, elapsed: 180_000 }), 'failed')
})

test('it is complete when it ended well and is not started again', () => {
  assert.equal(state({ status: 'exited', restartPolicy: 'on-failure' }), 'completed')
  assert.equal(state({ status: 'restarting', restartPolicy: 'always' }, { ends: 3 }), 'failed')
})

test('of a port that is listened on for the container alone it is said so while it is waited for', () => {
  const waiting = (inside: boolean): string =>
    judge({ container, now: 0, elapsed: 0, ends: 0, port: { state: 'closed', ...(inside && { inside: 0 }) } }, defaultLimits).text
  assert.equal(waiting(true), 'its port is listened on at 127.0.0.1 alone, where nobody outside gets')
  assert.equal(waiting(false), 'nothing listens on its published port yet')
})

test('a program that listens on its own loopback alone for long has failed, and is not waited for until the end', () => {
  const port = { state: 'closed', inside: 5000 } as const
  assert.equal(state({}, { now: 34_999, port }), 'waiting')
  assert.equal(state({}, { now: 35_000, port }), 'failed')
  assert.equal(state({ health: { status: 'starting', last: undefined } }, { now: 35_000, port }), 'waiting')
})
