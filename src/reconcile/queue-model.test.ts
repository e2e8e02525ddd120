import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sleep, type Clock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { Reconciler } from './queue.ts'

type Step =
  | { readonly declare: string }
  | { readonly declareAfter: string; readonly delay: number }
  | { readonly forget: string }
  | { readonly wait: number }

const key = fc.constantFrom('a', 'b', 'c', 'd')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ declare: key }) },
  { weight: 2, arbitrary: fc.record({ declareAfter: key, delay: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ forget: key }) },
  { weight: 4, arbitrary: fc.record({ wait: fc.nat(40) }) },
)

/** Runs last and fail as `script` says, in turn; once it is used up they succeed at once. */
const script = fc.array(fc.record({ lasts: fc.nat(30), fails: fc.boolean(), touches: fc.boolean() }), { maxLength: 30 })

/** Things that are declared by counting up, and that a run brings up to date with what it read when it began. */
class World {
  readonly declared = new Map<string, number>()
  readonly actual = new Map<string, number>()
  readonly running = new Set<string>()
  readonly reconciler: Reconciler
  mostAtOnce = 0
  /** Keys that ran while they ran: failing the run itself would only look like any failure. */
  readonly overlaps: string[] = []

  constructor(clock: Clock, runs: readonly { lasts: number; fails: boolean; touches: boolean }[], concurrency: number) {
    let turn = 0
    const reconcile = async (name: string): Promise<void> => {
      if (this.running.has(name)) this.overlaps.push(name)
      this.running.add(name)
      this.mostAtOnce = Math.max(this.mostAtOnce, this.running.size)
      const { lasts, fails, touches } = runs[turn++] ?? { lasts: 0, fails: false, touches: false }
      const read = this.declared.get(name) ?? 0
      if (touches) this.reconciler.touch(name)
      if (lasts > 0) await sleep(clock, lasts)
      this.running.delete(name)
      if (fails) throw new Error('broken')
      this.actual.set(name, read)
    }
    this.reconciler = new Reconciler({ clock, reconcile, concurrency, backoff: { first: 5, most: 40 }, onError: () => undefined })
  }

  declare(name: string): void {
    this.declared.set(name, (this.declared.get(name) ?? 0) + 1)
    this.reconciler.touch(name)
  }

  forget(name: string): void {
    this.reconciler.forget(name)
    this.declared.delete(name)
  }
}

async function play(world: World, clock: FakeClock, one: Step): Promise<void> {
  if ('declare' in one) world.declare(one.declare)
  else if ('declareAfter' in one) {
    world.declared.set(one.declareAfter, (world.declared.get(one.declareAfter) ?? 0) + 1)
    world.reconciler.touchAfter(one.declareAfter, one.delay)
  } else if ('forget' in one) world.forget(one.forget)
  else await clock.advance(one.wait)
}

test('whatever is touched, fails and is forgotten: what is declared comes true, one run a key at once, and then it is quiet', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), script, fc.integer({ min: 1, max: 3 }), async (steps, runs, concurrency) => {
      const clock = new FakeClock()
      const world = new World(clock, runs, concurrency)
      for (const one of steps) await play(world, clock, one)
      await clock.advance(10_000)
      await world.reconciler.idle()
      for (const [name, count] of world.declared) assert.equal(world.actual.get(name), count, name)
      assert.deepEqual(world.overlaps, [])
      assert.ok(world.mostAtOnce <= concurrency)
      assert.equal(clock.waiting, 0)
    }),
  )
})

test('whenever it is stopped, nothing runs afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), script, async (steps, runs) => {
      const clock = new FakeClock()
      const world = new World(clock, runs, 2)
      for (const one of steps) await play(world, clock, one)
      const stopped = world.reconciler[Symbol.asyncDispose]()
      await clock.advance(30)
      await stopped
      assert.equal(world.running.size, 0)
      const before = new Map(world.actual)
      for (const one of steps) await play(world, clock, one)
      await clock.advance(1000)
      assert.deepEqual([world.actual, clock.waiting], [before, 0])
    }),
  )
})
