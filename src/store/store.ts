/**
 * The revisioned key-value interface that everything declared is kept in, in the shape that etcd has. One revision
 * counter a store; every successful transaction that writes moves it by one. Values are JSON texts. Blobs never go in.
 */
export interface Store extends AsyncDisposable {
  get(key: string, at?: Revision): Promise<Entry | undefined>
  /** All entries whose key starts with `prefix`, in key order, as they stood at revision `at` (default: now). */
  list(prefix: string, at?: Revision): Promise<Listing>
  /** Writes all of `change.then` at one revision when every comparison holds, else all of `change.otherwise`. Durable when it resolves. */
  txn(change: Transaction): Promise<Outcome>
  /** Every change of keys under `prefix` after revision `after`, in order, until `signal` aborts. Throws `expired` when `after` was compacted. */
  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<Change>
  /** Forgets history up to and including `revision`; current values stay. */
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

export interface Outcome {
  readonly succeeded: boolean
  readonly revision: Revision
}

export type Change =
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'delete'; readonly key: string; readonly revision: Revision }
