import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import { watchAfter, type Replacing } from './recreate.ts'
import type { ContainerView } from './world.ts'

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
