import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health, Probe } from '#engine/containers/model.ts'
import { checkOf, mergeHealthcheck } from './check.ts'
import { judge, nextIn } from './judge.ts'

const check = { command: ['true'], interval: 30_000, timeout: 30_000, startPeriod: 10_000, startInterval: 1000, retries: 2 }
const about = { check, startedAt: 0 }
const fresh: Health = { status: 'starting', failingStreak: 0, log: [] }

function probe(exitCode: number, start: number): Probe {
  return { start, end: start + 1, exitCode, output: '' }
}

function after(...probes: Probe[]): Health {
  return probes.reduce((health, one) => judge(health, one, about), fresh)
}

test('failures in the start period do not count, success does', () => {
  assert.deepEqual([after(probe(1, 1000)).status, after(probe(1, 1000)).failingStreak], ['starting', 0])
  assert.equal(after(probe(0, 1000)).status, 'healthy')
  assert.equal(after(probe(0, 1000), probe(1, 2000), probe(1, 3000)).status, 'unhealthy')
})

test('retries failures in a row make it unhealthy, one success healthy again', () => {
  assert.equal(after(probe(1, 20_000)).status, 'starting')
  assert.equal(after(probe(1, 20_000), probe(1, 50_000)).status, 'unhealthy')
  assert.deepEqual(after(probe(1, 20_000), probe(1, 50_000), probe(0, 80_000)).failingStreak, 0)
})

test('the last five runs are kept', () => {
  assert.deepEqual(
    after(...[1, 2, 3, 4, 5, 6].map((n) => probe(0, n))).log.map(({ start }) => start),
    [2, 3, 4, 5, 6],
  )
})

test('the start interval holds for the start period alone, and only until the first success', () => {
  assert.equal(nextIn(fresh, 0, about), 1000)
  assert.equal(nextIn(fresh, 10_000, about), 30_000)
  assert.equal(nextIn(after(probe(0, 1000)), 1000, about), 30_000)
})

test("a check's parts default as Docker's, and a client's come before the image's", () => {
  assert.deepEqual(checkOf({ Healthcheck: { Test: ['CMD-SHELL', 'exit 1'] } }), {
    command: ['/bin/sh', '-c', 'exit 1'],
    interval: 30_000,
    timeout: 30_000,
    startPeriod: 0,
    startInterval: 5000,
    retries: 3,
  })
  assert.equal(checkOf({ Healthcheck: { Test: ['NONE'] } }), undefined)
  assert.equal(checkOf({}), undefined)
  assert.deepEqual(mergeHealthcheck({ Test: [], Retries: 5, Interval: 0 }, { Test: ['CMD', 'a'], Interval: 2e9, Retries: 1 }), {
    Test: ['CMD', 'a'],
    Interval: 2e9,
    Retries: 5,
  })
  assert.throws(() => mergeHealthcheck({ Timeout: 10 }, undefined), /Timeout in Healthcheck cannot be less than 1ms/)
})
