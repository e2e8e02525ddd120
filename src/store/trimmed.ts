import type { Change, Entry, Listing, Outcome, Revision, Store, Transaction } from './store.ts'

/**
 * A store that compacts itself: of its history about the last `kept` revisions stay, so that it does not grow with every change. For
 * a store whose past nobody asks for.
 */
export function trimmed(store: Store, kept: number): Store {
  return new TrimmedStore(store, kept)
}

class TrimmedStore implements Store {
  readonly #store: Store
  readonly #kept: number
  #compacted: Revision = 0

  constructor(store: Store, kept: number) {
    this.#store = store
    this.#kept = kept
  }

  get(key: string, at?: Revision): Promise<Entry | undefined> {
    return this.#store.get(key, at)
  }

  list(prefix: string, at?: Revision): Promise<Listing> {
    return this.#store.list(prefix, at)
  }

  async txn(change: Transaction): Promise<Outcome> {
    const outcome = await this.#store.txn(change)
    // Every so often: each compaction costs as much as a transaction. Not waited for, as callers hear of transactions in their order.
    if (outcome.revision - this.#compacted >= 2 * this.#kept) void this.#trim(outcome.revision - this.#kept)
    return outcome
  }

  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<Change> {
    return this.#store.watch(prefix, after, signal)
  }

  compact(revision: Revision): Promise<void> {
    return this.#store.compact(revision)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]()
  }

  async #trim(revision: Revision): Promise<void> {
    this.#compacted = revision
    try {
      await this.#store.compact(revision)
    } catch {
      // A full disk, or the store was closed meanwhile: the transaction is done all the same, and the next time makes up for it.
    }
  }
}
