import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step } from '#compose/plan/step.ts'
import { runGraph } from './graph.ts'

const step = (id: string, ...needs: string[]): Step => ({ id, needs, kind: 'network.create', name: id, internal: false, labels: {} })

test('what a failure is in the way of is skipped, all else goes on', async () => {
  const ran: string[] = []
  const endings = await runGraph([step('a'), step('b', 'a'), step('c', 'b', 'elsewhere'), step('d')], async ({ id }) => {
    ran.push(id)
    if (id === 'a') throw new Error('broken')
  })
  assert.deepEqual(ran, ['a', 'd'])
  assert.deepEqual(
    endings.map((ending) => `${ending.step.id} ${ending.state}${ending.state === 'skipped' ? ` ${ending.because}` : ''}`),
    ['a failed', 'b skipped a', 'c skipped b', 'd done'],
  )
})

test('what nothing stands between runs at the same time', async () => {
  let running = 0
  let most = 0
  await runGraph([step('a'), step('b'), step('c', 'a', 'b')], async () => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  })
  assert.equal(most, 2)
})

test('no more go on at once than may', async () => {
  let running = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  }
  const endings = await runGraph([step('a'), step('b'), step('c'), step('d', 'a', 'b')], work, 1)
  assert.equal(most, 1)
  assert.deepEqual(
    endings.map(({ state }) => state),
    ['done', 'done', 'done', 'done'],
  )
})

test('a dependency that need not be there is looked at after its service failed', async () => {
  const wait: Step = {
    id: 'w',
    needs: ['a'],
    kind: 'dependency.wait',
    service: 's',
    name: 'n',
    condition: 'service_started',
    required: false,
  }
  const endings = await runGraph([step('a'), wait, step('b', 'w')], async ({ id }) => {
    if (id === 'a') throw new Error('broken')
  })
  assert.deepEqual(
    endings.map(({ state }) => state),
    ['failed', 'done', 'done'],
  )
})
