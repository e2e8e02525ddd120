import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Line } from '#faces/galley/line.ts'
import type { ContainerRow } from './containers.ts'
import { inOrder } from './in-order.ts'

/** A container of each service, and the services that it depends on. */
function rowsOf(services: Readonly<Record<string, readonly string[]>>): ContainerRow[] {
  return Object.entries(services).map(([service, others]) => ({
    Id: service,
    Names: [`/${service}`],
    Image: '',
    ImageID: '',
    Command: '',
    Created: 0,
    State: 'running',
    Status: '',
    Labels: {
      'com.docker.compose.service': service,
      'com.docker.compose.depends_on': others.map((other) => `${other}:service_started:false`).join(','),
    },
    Ports: [],
  }))
}

/** Who had a turn, in order, and whether all went well; `broken` fails. */
async function turns(rows: readonly ContainerRow[], reversed: boolean, broken?: string): Promise<[string[], boolean]> {
  const told: string[] = []
  const progress = { draw: (_line: Line) => undefined, [Symbol.dispose]: () => undefined }
  const ok = await inOrder(rows, { reversed, progress, words: ['Stopping', 'Stopped'] }, async ({ Id }) => {
    told.push(Id)
    if (Id === broken) throw new Error('broken')
  })
  return [told, ok]
}

test('what depends on others comes after them, or before them when it is stopped', async () => {
  const rows = rowsOf({ web: ['app'], app: ['db'], db: [] })
  assert.deepEqual(await turns(rows, false), [['db', 'app', 'web'], true])
  assert.deepEqual(await turns(rows, true), [['web', 'app', 'db'], true])
})

test('what depends on one that failed is left out', async () => {
  assert.deepEqual(await turns(rowsOf({ web: ['app'], app: [], other: [] }), false, 'app'), [['app', 'other'], false])
})

test('containers that depend on each other in a circle all come to their turn', { timeout: 10_000 }, async () => {
  const [told, ok] = await turns(rowsOf({ a: ['b'], b: ['a'], c: ['a'] }), true)
  assert.deepEqual([told.toSorted(), ok], [['a', 'b', 'c'], true])
})
