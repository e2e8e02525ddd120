import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#base/fake-clock.ts'
import type { TableWatcher } from '#host/nftables/watch.ts'
import { watchRules } from './watch-rules.ts'

/** Rules that are watched; `fails` says what the kernel has no memory for. */
function bench() {
  const clock = new FakeClock()
  const told: string[] = []
  const world = { fails: '', watcher: undefined as TableWatcher | undefined }
  const attempt = (what: string): void => {
    if (world.fails === what) throw new Error(`no memory to ${what}`)
    told.push(what)
  }
  const rules = {
    intact: true,
    watch(watcher: TableWatcher) {
      attempt('watch')
      world.watcher = watcher
      return { [Symbol.dispose]: () => undefined }
    },
  }
  const watching = watchRules(rules, clock, { onHarm: () => attempt('mend'), onFailure: (error) => told.push((error as Error).message) })
  return { clock, told, world, rules, watching }
}

test('rules that can not be mended now are mended later, and nothing ends because of it', async () => {
  const { clock, told, world, rules, watching } = bench()
  rules.intact = false
  world.fails = 'mend'
  world.watcher?.removed('rules')
  await clock.advance(50)
  await clock.advance(1000)
  world.fails = ''
  await clock.advance(1000)
  assert.deepEqual(told, ['watch', 'no memory to mend', 'no memory to mend', 'mend'])
  watching[Symbol.dispose]()
  assert.equal(clock.waiting, 0)
})

test('where the kernel could not tell everything, the rules are watched anew, when that can be done, and mended', async () => {
  const { clock, told, world, watching } = bench()
  world.fails = 'watch'
  world.watcher?.lost()
  await clock.advance(50)
  world.fails = ''
  await clock.advance(1000)
  assert.deepEqual(told, ['watch', 'no memory to watch', 'watch', 'mend'])
  world.watcher?.removed('rules')
  await clock.advance(50)
  assert.deepEqual(told.slice(4), [], 'they are as they were')
  watching[Symbol.dispose]()
})
