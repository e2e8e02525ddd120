import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import type { Project } from '#compose/model/model.ts'
import { service } from '#compose/model/service.fixture.ts'
import { prepareRun } from './run.ts'
import type { Session } from './world.ts'

/** Makes a container for a command, with what happens while its files are put into it; resolves with what there is afterwards. */
async function preparing(place: (leave: () => void) => void): Promise<{ readonly outcome: string; readonly left: readonly string[] }> {
  const left = new Set<string>()
  const client = new AbortController()
  const project = {
    name: 'p',
    directory: '/p',
    files: [],
    warnings: [],
    volumes: {},
    services: { job: service('job', {}) },
    networks: { default: { name: 'p_default', external: false, internal: false, labels: {} } },
  } as unknown as Project
  const containers = {
    create: async () => (left.add('made'), { id: 'made' }),
    place: async () => place(() => client.abort(new Error('the client went away'))),
    remove: async (id: string) => void left.delete(id),
    find: () => undefined,
  }
  const world = {
    clock: new FakeClock(),
    containers,
    images: { find: () => 'id', pull: async () => undefined },
    networks: { create: async () => undefined },
    observe: async () => ({ networks: [], volumes: [], images: {}, containers: [] }),
  }
  const session = { world, report: () => undefined, signal: client.signal } as unknown as Session
  const wishes = { service: 'job', servicePorts: false, useAliases: false, tty: false, interactive: false, remove: true, build: false }
  const outcome = await prepareRun(project, wishes, session).then(String, (error: Error) => error.message)
  return { outcome, left: [...left] }
}

test('of a container for a command that nobody will start nothing stays', async () => {
  assert.deepEqual(await preparing(() => undefined), { outcome: 'made', left: ['made'] })
  assert.deepEqual(await preparing((leave) => leave()), { outcome: 'the client went away', left: [] })
  const full = (): never => {
    throw new Error('the disk is full')
  }
  assert.deepEqual(await preparing(full), { outcome: 'the disk is full', left: [] })
})
