/**
 * The revisioned key-value interface that everything declared is kept in, in the shape that etcd has. One revision
 * counter a store; every transaction that changes something moves it by one, others (a comparison failed and there is nothing
 * in `otherwise`, a key to delete is not there) leave it. Values are JSON texts. Blobs never go in. Key order is that of UTF-8.
 */
export interface Store extends AsyncDisposable {
  /** The entry now, or as it stood at revision `at`. Throws `expired` when `at` was compacted, `invalid` when it is yet to come. */
  get(key: string, at?: Revision): Promise<Entry | undefined>
  /** All entries whose key starts with `prefix`, in key order, now or as they stood at revision `at`; throws as `get` does. */
  list(prefix: string, at?: Revision): Promise<Listing>
  /**
   * Writes all of `change.then` at one revision when every comparison holds, else all of `change.otherwise`. Durable when it
   * resolves. A key may be written once in each list. Throws `invalid` or `too large` for what can't be stored.
   */
  txn(change: Transaction): Promise<Outcome>
  /**
   * Every change of keys under `prefix` after revision `after`, in order, until `signal` aborts, which ends it without an error.
   * Throws `expired` when what follows `after` was compacted, `unavailable` when the store is closed.
   */
  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<Change>
  /** Forgets history before `revision`: reads at it and watches after it still work, older ones are `expired`. Current values stay. */
  compact(revision: Revision): Promise<void>
}

export type Revision = number

export interface Entry {
  readonly key: string
  readonly value: string
  /** Revision at which the key was created, and last written. */
  readonly created: Revision
  readonly modified: Revision
}

export interface Listing {
  readonly revision: Revision
  readonly entries: readonly Entry[]
}

/** Compares `modified` of a key; 0 means that the key does not exist. */
export interface Comparison {
  readonly key: string
  readonly modified: Revision
}

export type Write = { readonly put: string; readonly value: string } | { readonly delete: string }

export interface Transaction {
  readonly when?: readonly Comparison[]
  readonly then: readonly Write[]
  readonly otherwise?: readonly Write[]
}

/** `succeeded`: every comparison held. `revision`: the store's, after the transaction. */
export interface Outcome {
  readonly succeeded: boolean
  readonly revision: Revision
}

export type Change =
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'delete'; readonly key: string; readonly revision: Revision }
