import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import type { Container, Health, Status } from '#engine/containers/model.ts'
import { EventBus } from '#engine/events/bus.ts'
import { HealthMonitor } from './monitor.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** One container with a check every second, whose runs exit as `exitCodes` say, and then with 0. */
class Bench implements Disposable {
  readonly clock = new FakeClock(1000)
  readonly events = new EventBus(this.clock)
  readonly told: string[] = []
  readonly container: Container
  readonly monitor: HealthMonitor
  runs = 0
  /** Called at the end of each run of the check. */
  atEnd: () => void = () => undefined

  constructor(exitCodes: readonly number[], status: Status = 'created', health?: Health) {
    this.container = {
      id: 'c',
      name: 'c',
      config: { Image: 'box', Labels: {}, Healthcheck: { Test: ['CMD', 'check'], Interval: 1e9, Retries: 2 } },
      state: { status, startedAt: 1000, ...(health !== undefined && { health }) },
    } as unknown as Container
    this.events.listen(({ action }) => action.startsWith('health_status') && this.told.push(action))
    this.monitor = new HealthMonitor({
      clock: this.clock,
      log: quiet,
      events: this.events,
      containers: { list: () => [this.container], find: () => this.container, save: () => Promise.resolve() },
      probe: () => {
        this.atEnd()
        return Promise.resolve({ start: this.clock.now(), end: this.clock.now(), exitCode: exitCodes[this.runs++] ?? 0, output: '' })
      },
    })
  }

  start(): void {
    this.container.state.status = 'running'
    this.container.state.health = { status: 'starting', failingStreak: 0, log: [] }
    this.events.emit('container', 'start', 'c')
  }

  [Symbol.dispose](): void {
    this.monitor[Symbol.dispose]()
  }
}

test('a check runs every interval from the start on, and changes of health are told once', async () => {
  using bench = new Bench([0, 0, 1, 1, 1, 0])
  assert.equal(bench.clock.waiting, 0)
  bench.start()
  await bench.clock.advance(6500)
  assert.equal(bench.runs, 6)
  assert.deepEqual(bench.told, ['health_status: healthy', 'health_status: unhealthy', 'health_status: healthy'])
})

test('nothing runs after the end, nor while paused', async () => {
  using bench = new Bench([])
  bench.start()
  bench.events.emit('container', 'pause', 'c')
  await bench.clock.advance(5000)
  assert.equal(bench.runs, 0)
  bench.events.emit('container', 'unpause', 'c')
  await bench.clock.advance(1000)
  assert.equal(bench.runs, 1)
  bench.events.emit('container', 'die', 'c')
  await bench.clock.advance(5000)
  assert.deepEqual([bench.runs, bench.clock.waiting], [1, 0])
})

test('a check that ends with its container says nothing of it, though the end is told only when it is booked', async () => {
  using bench = new Bench([0, 137])
  bench.start()
  await bench.clock.advance(1000)
  bench.atEnd = () => {
    bench.container.state.status = 'exited'
    bench.container.state.health = { status: 'unhealthy', failingStreak: 0, log: [] }
  }
  await bench.clock.advance(1000)
  assert.deepEqual([bench.runs, bench.container.state.health?.status], [2, 'unhealthy'])
  bench.events.emit('container', 'die', 'c')
  assert.deepEqual(bench.told, ['health_status: healthy'])
})

test('what runs when the daemon starts is watched on, from the health that is written down', async () => {
  using bench = new Bench([1], 'running', { status: 'healthy', failingStreak: 1, log: [] })
  await bench.clock.advance(1000)
  assert.deepEqual(bench.told, ['health_status: unhealthy'])
})
