import { checkRevision, checkTransaction, closed } from '../check.ts'
import { decide, placeOf } from '../decide.ts'
import { FanOut } from '../fan-out.ts'
import { compareKeys } from '../key-order.ts'
import type { Change, Entry, Listing, Outcome, Revision, Store, Transaction } from '../store.ts'

/** A store that is gone with the process: for tests, and for what need not survive. */
export function openMemoryStore(): Store {
  return new MemoryStore()
}

type State = Map<string, Entry>

class MemoryStore implements Store {
  readonly #state: State = new Map()
  /** The state at the compacted revision; with the log after it, any later state can be told. */
  readonly #base: State = new Map()
  #log: Change[] = []
  #revision: Revision = 0
  #compacted: Revision = 0
  #closed = false
  readonly #fanOut: FanOut

  constructor() {
    this.#fanOut = new FanOut({
      reach: () => ({ revision: this.#revision, compacted: this.#compacted }),
      changes: (prefix, after, upTo) =>
        this.#log.filter((change) => {
          const place = placeOf(change)
          return place.revision > after && place.revision <= upTo && place.key.startsWith(prefix)
        }),
    })
  }

  async get(key: string, at?: Revision): Promise<Entry | undefined> {
    return this.#stateAt(at).get(key)
  }

  async list(prefix: string, at?: Revision): Promise<Listing> {
    const entries = [...this.#stateAt(at).values()].filter((entry) => entry.key.startsWith(prefix))
    return { revision: at ?? this.#revision, entries: entries.sort((left, right) => compareKeys(left.key, right.key)) }
  }

  async txn(change: Transaction): Promise<Outcome> {
    this.#checkOpen()
    checkTransaction(change)
    const { succeeded, changes } = decide(change, (key) => this.#state.get(key), this.#revision + 1)
    if (changes.length > 0) this.#revision += 1
    for (const one of changes) apply(this.#state, one)
    this.#log.push(...changes)
    this.#fanOut.publish(changes)
    return { succeeded, revision: this.#revision }
  }

  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<Change> {
    return this.#fanOut.watch(prefix, after, signal)
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen()
    if (revision <= this.#compacted) return
    checkRevision(revision, this.#compacted, this.#revision)
    for (const change of this.#log) if (placeOf(change).revision <= revision) apply(this.#base, change)
    this.#log = this.#log.filter((change) => placeOf(change).revision > revision)
    this.#compacted = revision
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#fanOut[Symbol.dispose]()
  }

  #stateAt(at: Revision | undefined): State {
    this.#checkOpen()
    if (at === undefined) return this.#state
    checkRevision(at, this.#compacted, this.#revision)
    const state: State = new Map(this.#base)
    for (const change of this.#log) if (placeOf(change).revision <= at) apply(state, change)
    return state
  }

  #checkOpen(): void {
    if (this.#closed) throw closed()
  }
}

function apply(state: State, change: Change): void {
  if (change.type === 'put') state.set(change.entry.key, change.entry)
  else state.delete(change.key)
}
