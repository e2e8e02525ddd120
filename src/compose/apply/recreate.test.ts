import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { GalleyError } from '#base/error.ts'
import type { Step } from '#compose/plan/step.ts'
import { recreate, watchAfter, type Replacing } from './recreate.ts'
import { defaultLimits } from './verdict.ts'
import type { ContainerView } from './world.ts'

const request = { name: 'web', hostConfig: { Binds: [], Mounts: [], Tmpfs: {} }, config: {} }
/** What a step has besides, of a service without anything special. */
const plain = { peers: [], tolerated: 0, files: [], preStart: [], postStart: [], preStop: [] }

/** What `watchAfter` looks at, of a container that is as it is told. */
function watching(view: Pick<ContainerView, 'status' | 'exitCode'>) {
  const clock = new FakeClock()
  const listeners = new Set<(change: { container: string; action: string }) => void>()
  const containers = {
    find: () => view,
    changed: (listener: (change: { container: string; action: string }) => void) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
  }
  const context = { world: { clock, containers }, signal: new AbortController().signal, monitor: 5000 } as unknown as Replacing
  const tell = (action: string): void => listeners.forEach((listener) => listener({ container: 'next', action }))
  return { clock, listeners, tell, over: watchAfter('next', { ...context, monitor: 5000 }) }
}

test('what ended during the switch, before anybody listened, is a failure of the update', async () => {
  const { clock, over } = watching({ status: 'exited', exitCode: 3 })
  const [outcome] = await Promise.all([over.then(() => 'up', String), clock.advance(5000)])
  assert.match(outcome, /ended with exit code 3 after the switch/)
})

test('what runs for as long as it is watched has made it, and nobody listens any more', async () => {
  const { clock, listeners, over } = watching({ status: 'running', exitCode: 0 })
  await clock.advance(4999)
  assert.equal(listeners.size, 1)
  await clock.advance(1)
  await over
  assert.equal(listeners.size, 0)
})

test('what ends while it is watched is a failure, however it is then', async () => {
  const { tell, over } = watching({ status: 'running', exitCode: 1 })
  tell('die')
  await assert.rejects(over, /ended with exit code 1 after the switch/)
})

/** An update of `old`, whose successor fails its health check after the switch. `comes` says whether the old one can be started again. */
function updating(comes: boolean) {
  const clock = new FakeClock()
  const told: string[] = []
  const views = new Map<string, { status: ContainerView['status']; health: unknown; understudy: boolean }>()
  const view = (status: ContainerView['status'], health: string): object => ({
    status,
    exitCode: 1,
    restartPolicy: 'no',
    startedAt: 0,
    anonymousVolumes: [],
    health: { status: health, last: undefined },
  })
  const put = (id: string, status: ContainerView['status'], health = 'healthy'): void =>
    void views.set(id, { ...view(status, health) } as never)
  put('old', 'running')
  const listeners = new Set<(change: { container: string; action: string }) => void>()
  const containers = {
    find: (id: string) => views.get(id),
    create: async () => (put('next', 'created'), { id: 'next' }),
    place: async () => undefined,
    start: async (id: string) => {
      if (id === 'old' && !comes) throw new Error('its volume is gone')
      put(id, 'running')
      told.push(`start ${id}`)
    },
    handOver: async (from: string, to: string) => {
      if (views.get(to)?.status !== 'running') throw new GalleyError('conflict', `container ${to} is not running`)
      told.push(`${from} to ${to}`)
    },
    stop: async (id: string) => put(id, 'exited'),
    remove: async (id: string) => (views.delete(id), told.push(`remove ${id}`)),
    listeners: () => undefined,
    logTail: async () => [],
    changed: (listener: (change: { container: string; action: string }) => void) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
  }
  const update = { order: 'start-first', delay: 0, note: '', ports: [], monitor: 5000 }
  const step = {
    kind: 'container.recreate',
    old: 'old',
    request,
    update,
    ...plain,
  }
  const context = {
    world: { clock, containers, images: { find: () => undefined } },
    signal: new AbortController().signal,
    limits: defaultLimits,
    switches: { begin: () => undefined },
    renewed: new Set(),
    failed: new Set(),
  }
  const silent = { progress: () => undefined, output: () => undefined, warning: () => undefined }
  const over = recreate(step as unknown as Step & { readonly kind: 'container.recreate' }, context as unknown as Replacing, silent)
  /** While the new one is watched, the old one ends, and the new one fails. */
  const fail = async (): Promise<void> => {
    await clock.advance(0)
    put('old', 'exited')
    put('next', 'running', 'unhealthy')
    for (const listener of listeners) listener({ container: 'next', action: 'health_status' })
  }
  return { told, over, fail }
}

test('an old container that ended while its successor was watched is started again, and takes its place', async () => {
  const { told, over, fail } = updating(true)
  const outcome = assert.rejects(over, {
    code: 'compose.rolled-back',
    message: /health check failed after the switch.*the old one goes on/,
  })
  await fail()
  await outcome
  assert.deepEqual(told, ['start next', 'old to next', 'start old', 'next to old', 'remove next'])
})

test('where the old container can not come back, the new one keeps the place, and both reasons are told', async () => {
  const { told, over, fail } = updating(false)
  const outcome = assert.rejects(over, {
    code: 'compose.rollback-failed',
    message: /health check failed after the switch.*nor did the old one come back: its volume is gone/,
  })
  await fail()
  await outcome
  assert.deepEqual(told, ['start next', 'old to next'])
})

/** Puts a new container in the place of one that stops first, and that somebody removes when `at` is asked for. */
async function replacing(at: 'stop' | 'exchangeNames' | 'remove'): Promise<readonly string[]> {
  const told: string[] = []
  const there = new Map<string, object>([['old', { status: 'running', anonymousVolumes: [] }]])
  const noted =
    (action: string) =>
    async (...ids: readonly unknown[]): Promise<void> => {
      if (action === at) there.delete('old')
      if (ids.some((id) => id === 'old') && !there.has('old')) throw new GalleyError('not found', 'No such container: old')
      told.push(`${action} ${ids.filter((id) => typeof id === 'string').join(' ')}`)
    }
  const containers = {
    find: (id: string) => there.get(id),
    create: async () => ({ id: 'next' }),
    place: async () => undefined,
    ...Object.fromEntries(['start', 'stop', 'exchangeNames', 'rename', 'remove'].map((action) => [action, noted(action)])),
  }
  const step = {
    old: 'old',
    starts: true,
    request,
    update: { order: 'stop-first', delay: 0, note: '', ports: [], monitor: 0, verify: false },
    ...plain,
  }
  const context = {
    world: { clock: new FakeClock(), containers, images: { find: () => undefined } },
    signal: new AbortController().signal,
    limits: defaultLimits,
    renewed: new Set(),
    failed: new Set(),
  }
  const silent = { progress: () => undefined, output: () => undefined, warning: () => undefined }
  assert.equal(
    await recreate(step as unknown as Step & { readonly kind: 'container.recreate' }, context as unknown as Replacing, silent),
    'Recreated',
  )
  return told
}

test('the new container has the name of an old one that somebody removes while it is being replaced', async () => {
  assert.deepEqual(await replacing('stop'), ['start next', 'rename next web'])
  assert.deepEqual(await replacing('exchangeNames'), ['stop old', 'start next', 'rename next web'])
  assert.deepEqual(await replacing('remove'), ['stop old', 'start next', 'exchangeNames next old'])
})
