import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { newId } from '#base/id.ts'
import type { Images } from '#engine/images/images.ts'
import { EventBus } from '#engine/events/bus.ts'
import { thaw } from '#host/cgroup/freezer.ts'
import { cgroupTree } from '#host/cgroup/tree.ts'
import { openMemoryStore } from '#store/memory/open.ts'
import { groupOf } from './cgroup.ts'
import { commit } from './commit.ts'
import { ContainerIndex } from './container-index.ts'
import { completeHostConfig } from './defaults.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'
import { pause } from './pause.ts'
import { kill } from './stop.ts'

/** A container of one process, in a group of its own. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly store = openMemoryStore()
  readonly container: Container
  readonly engine: Engine
  readonly #process = spawn('sleep', ['1000'])
  readonly #directory: string

  constructor() {
    this.container = {
      id: 'a',
      name: 'one',
      path: 'sleep',
      args: [],
      config: { Image: 'box', Labels: {} },
      hostConfig: completeHostConfig({}),
      state: { status: 'running', pid: this.#process.pid, stoppedByHand: false },
    } as unknown as Container
    const parts = { containers: new ContainerIndex(this.store), events: new EventBus(this.clock), clock: this.clock, data: '/nonexistent' }
    this.engine = { ...parts, cgroup: `/galley-test-${newId().slice(0, 12)}` } as unknown as Engine
    const [tree, group] = [cgroupTree(), groupOf(this.engine, this.container)]
    this.#directory = (tree.version === 1 ? tree.directory('freezer', group) : tree.directories(group)[0]) ?? ''
    mkdirSync(this.#directory, { recursive: true })
    writeFileSync(`${this.#directory}/cgroup.procs`, String(this.#process.pid))
  }

  async begin(): Promise<this> {
    await this.engine.containers.save(this.container)
    return this
  }

  get standsStill(): boolean {
    if (cgroupTree().version === 1) return readFileSync(`${this.#directory}/freezer.state`, 'utf8') !== 'THAWED\n'
    return readFileSync(`${this.#directory}/cgroup.freeze`, 'utf8') === '1\n'
  }

  /** Commits the container; `meanwhile` is done while it stands still for that. */
  async commit(meanwhile: () => Promise<void>): Promise<void> {
    const whileAdding = async (): Promise<object> => {
      await meanwhile()
      return { id: 'sha256:0' }
    }
    const images = { clock: this.clock, resolve: () => ({ id: 'sha256:0', layers: [] }), content: { whileAdding } } as unknown as Images
    const wishes = { reference: undefined, author: '', comment: '', change: <T>(config: T) => config, config: {}, pause: true }
    await commit(this.engine, images, this.container, wishes)
  }

  get events(): string[] {
    return this.engine.events.past().map(({ action }) => action)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit')
    thaw(groupOf(this.engine, this.container))
    this.#process.kill('SIGKILL')
    if (this.#process.exitCode === null && this.#process.signalCode === null) await gone
    for (let directory = this.#directory; directory.includes('/galley-test-'); directory = dirname(directory)) rmdirSync(directory)
  }
}

test('a container that is paused while it is committed stays paused, and one that is not goes on', async () => {
  await using bench = await new Bench().begin()
  await bench.commit(async () => assert.equal(bench.standsStill, true))
  assert.equal(bench.standsStill, false)
  await bench.commit(() => pause(bench.engine, 'a'))
  assert.deepEqual([bench.standsStill, bench.container.state.status], [true, 'paused'])
})

test('one that is to end while it is committed need not wait for that', async () => {
  await using bench = await new Bench().begin()
  await bench.commit(async () => {
    await kill(bench.engine, 'a', 'SIGTERM')
    assert.equal(bench.standsStill, false)
  })
})

test('one that is to end while it is paused runs again, which is told and written down, as it may not care', async () => {
  await using bench = await new Bench().begin()
  await pause(bench.engine, 'a')
  await kill(bench.engine, 'a', 'SIGTERM')
  assert.deepEqual([bench.standsStill, bench.events], [false, ['pause', 'kill', 'unpause']])
  const [kept] = (await bench.store.list('/containers/')).entries
  assert.equal((JSON.parse(kept?.value ?? '') as Container).state.status, 'running')
})
