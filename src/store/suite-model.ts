import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kindOf } from '#base/error.ts'
import type { Entry, Revision, Store, Transaction, Write } from './store.ts'

type Step = { readonly turn: readonly Transaction[] } | { readonly compact: number }

/** Runs random histories on a store of `open` and on a model that keeps every state there ever was, and compares all that can be read. */
export function modelTests(name: string, open: () => Promise<Store>): void {
  void test(`${name}: any history reads as the model's`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await using store = await open()
        const model = new Model()
        for (const one of steps) await play(store, model, one)
        await compare(store, model)
      }),
      { numRuns: 60 },
    )
  })
}

const key = fc.constantFrom('a', 'a/b', 'a/c', 'b', '\uffee', '\u{1f600}')
const write: fc.Arbitrary<Write> = fc.oneof(fc.record({ put: key, value: fc.constantFrom('1', '2', '"é"') }), fc.record({ delete: key }))
const writes = fc.uniqueArray(write, { maxLength: 3, selector: (one) => ('put' in one ? one.put : one.delete) })
const transaction: fc.Arbitrary<Transaction> = fc.record(
  { when: fc.array(fc.record({ key, modified: fc.nat(6) }), { maxLength: 2 }), then: writes, otherwise: writes },
  { requiredKeys: ['then'] },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ turn: fc.array(transaction, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ compact: fc.nat(20) }) },
)

async function play(store: Store, model: Model, one: Step): Promise<void> {
  if ('compact' in one) {
    if (one.compact > model.revision) return
    model.compacted = Math.max(model.compacted, one.compact)
    return store.compact(one.compact)
  }
  const outcomes = await Promise.all(one.turn.map((change) => store.txn(change)))
  assert.deepEqual(
    outcomes,
    one.turn.map((change) => model.txn(change)),
  )
}

async function compare(store: Store, model: Model): Promise<void> {
  assert.deepEqual(await store.list(''), { revision: model.revision, entries: model.entries(model.revision) })
  for (let at = 0; at <= model.revision; at++) {
    if (at < model.compacted) {
      assert.equal(await store.list('', at).then(() => undefined, kindOf), 'expired')
      continue
    }
    const entries = model.entries(at)
    assert.deepEqual(await store.list('', at), { revision: at, entries })
    assert.deepEqual(
      (await store.list('a/', at)).entries,
      entries.filter((entry) => entry.key.startsWith('a/')),
    )
    assert.deepEqual(
      await store.get('a', at),
      entries.find((entry) => entry.key === 'a'),
    )
  }
  assert.deepEqual(await replay(store, model), model.entries(model.revision))
}

/** The state that a client has who listed at the compacted revision and watches from there. */
async function replay(store: Store, model: Model): Promise<Entry[]> {
  const state = new Map(model.entries(model.compacted).map((entry) => [entry.key, entry]))
  await store.txn({ then: [{ put: 'end', value: '0' }] })
  for await (const change of store.watch('', model.compacted, new AbortController().signal)) {
    if (change.type === 'delete') state.delete(change.key)
    else if (change.entry.key === 'end') break
    else state.set(change.entry.key, change.entry)
  }
  return inOrder(state)
}

/** Every state there was, whole. */
class Model {
  readonly #states: ReadonlyMap<string, Entry>[] = [new Map()]
  compacted: Revision = 0

  get revision(): Revision {
    return this.#states.length - 1
  }

  entries(at: Revision): Entry[] {
    return inOrder(this.#states[at] ?? new Map())
  }

  txn({ when = [], then, otherwise = [] }: Transaction) {
    const old = this.#states[this.revision] ?? new Map<string, Entry>()
    const succeeded = when.every((comparison) => (old.get(comparison.key)?.modified ?? 0) === comparison.modified)
    const state = new Map(old)
    const modified = this.revision + 1
    for (const one of succeeded ? then : otherwise) {
      if ('delete' in one) state.delete(one.delete)
      else state.set(one.put, { key: one.put, value: one.value, created: old.get(one.put)?.created ?? modified, modified })
    }
    const changed = state.size !== old.size || [...state].some(([name, entry]) => old.get(name) !== entry)
    if (changed) this.#states.push(state)
    return { succeeded, revision: this.revision }
  }
}

function inOrder(state: ReadonlyMap<string, Entry>): Entry[] {
  return [...state.values()].sort((left, right) => Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)))
}
