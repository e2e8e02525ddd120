import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '#compose/apply/world.ts'
import type { Sources } from '#diagnose/collect.ts'
import type { Call } from '#faces/docker/route.ts'
import { projectRoutes } from './projects.ts'

test('a command that waited for another one about its project does nothing when its client has gone meanwhile', async () => {
  const first = Promise.withResolvers<void>()
  let looks = 0
  const observe = async () => {
    if (++looks === 1) await first.promise
    return { networks: [], volumes: [], images: {}, containers: [] }
  }
  const routes = projectRoutes({ observe } as unknown as World, {} as Sources)
  const down = (signal: AbortSignal): Promise<void> | void => {
    const response = { headersSent: false, writeHead: () => undefined, write: () => undefined, end: () => undefined }
    const body = (async function* () {})()
    const call = { params: { name: 'p' }, query: new URLSearchParams(), request: { headers: {} }, response, body, signal }
    return routes['POST /galley/v1/projects/{name}/down'](call as unknown as Call)
  }
  const gone = new AbortController()
  const running = down(new AbortController().signal)
  const waiting = assert.rejects(async () => down(gone.signal), { message: 'the client went away' })
  gone.abort(new Error('the client went away'))
  first.resolve()
  await Promise.all([running, waiting])
  assert.equal(looks, 1)
})
