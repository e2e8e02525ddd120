import { isDiskFull } from '#base/error.ts'
import { checkRevision, checkTransaction, closed } from '../check.ts'
import { decide } from '../decide.ts'
import { FanOut } from '../fan-out.ts'
import type { Change, Entry, Listing, Outcome, Revision, Store, Transaction } from '../store.ts'
import { Reserve } from './reserve.ts'
import { Tables } from './tables.ts'

/**
 * Opens the store in the file `path`, which is made when it isn't there; its folder must exist. One process has it at a time:
 * throws `conflict` when another one does. All transactions of one turn of the event loop are one SQLite transaction, so that they
 * share its fsync, which blocks the thread. On a full disk, what makes no new key is still written for a while: see `Reserve`.
 */
export function openSqliteStore(path: string): Store {
  return new SqliteStore(path)
}

interface Waiting {
  readonly change: Transaction
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

class SqliteStore implements Store {
  readonly #tables: Tables
  readonly #fanOut: FanOut
  readonly #reserve: Reserve
  #revision: Revision
  #compacted: Revision
  #waiting: Waiting[] = []
  #closed = false

  constructor(path: string) {
    const tables = new Tables(path)
    this.#tables = tables
    this.#reserve = new Reserve(path)
    const { revision, compacted } = tables.revisions()
    this.#revision = revision
    this.#compacted = compacted
    this.#fanOut = new FanOut({
      reach: () => ({ revision: this.#revision, compacted: this.#compacted }),
      changes: (prefix, after, upTo) => tables.changes(prefix, after, upTo),
    })
  }

  async get(key: string, at?: Revision): Promise<Entry | undefined> {
    this.#checkRead(at)
    return at === undefined ? this.#tables.get(key) : this.#tables.getAt(key, at)
  }

  async list(prefix: string, at?: Revision): Promise<Listing> {
    this.#checkRead(at)
    const entries = at === undefined ? this.#tables.list(prefix) : this.#tables.listAt(prefix, at)
    return { revision: at ?? this.#revision, entries }
  }

  async txn(change: Transaction): Promise<Outcome> {
    this.#checkOpen()
    checkTransaction(change)
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ change, resolve, reject }) === 1) setImmediate(() => this.#flush())
    })
  }

  watch(prefix: string, after: Revision, signal: AbortSignal): AsyncIterable<Change> {
    return this.#fanOut.watch(prefix, after, signal)
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen()
    if (revision <= this.#compacted) return
    checkRevision(revision, this.#compacted, this.#revision)
    this.#tables.durably(() => this.#tables.compact(revision))
    this.#compacted = revision
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#flush()
    this.#fanOut[Symbol.dispose]()
    this.#tables[Symbol.dispose]()
  }

  /** Commits everything that waits, then tells callers and watchers. Reads never see what isn't committed: all this is one turn. */
  #flush(): void {
    const group = this.#waiting
    this.#waiting = []
    if (group.length === 0) return
    try {
      this.#reserve.hold()
      if (this.#reserve.isSpent) this.#commitOnFullDisk(group)
      else this.#commit(group)
    } catch (error) {
      if (isDiskFull(error)) this.#commitOnFullDisk(group)
      else for (const { reject } of group) reject(error)
    }
  }

  #commit(group: readonly Waiting[]): void {
    const { outcomes, changes, revision } = this.#tables.durably(() => this.#run(group))
    this.#revision = revision
    group.forEach(({ resolve }, index) => resolve(outcomes[index] as Outcome)) // one outcome for each
    this.#fanOut.publish(changes)
  }

  /** One by one: what takes away or renews may use the room that is kept for it, and what is new must not use it up. */
  #commitOnFullDisk(group: readonly Waiting[]): void {
    for (const one of group) {
      try {
        this.#commitWithReserve(one)
      } catch (error) {
        one.reject(error)
      }
    }
  }

  #commitWithReserve(one: Waiting): void {
    const makesNew = decide(one.change, (key) => this.#tables.get(key), this.#revision + 1).changes.some(
      (change) => change.type === 'put' && change.entry.created === change.entry.modified,
    )
    if (makesNew && this.#reserve.isSpent) throw this.#tables.diskFull()
    try {
      this.#commit([one])
    } catch (error) {
      if (makesNew || !isDiskFull(error) || !this.#reserve.release()) throw error
      this.#commit([one])
    }
  }

  #run(group: readonly Waiting[]) {
    const outcomes: Outcome[] = []
    const changes: Change[] = []
    let revision = this.#revision
    for (const { change } of group) {
      const decision = decide(change, (key) => this.#tables.get(key), revision + 1)
      if (decision.changes.length > 0) revision += 1
      for (const one of decision.changes) this.#tables.apply(one)
      changes.push(...decision.changes)
      outcomes.push({ succeeded: decision.succeeded, revision })
    }
    return { outcomes, changes, revision }
  }

  #checkRead(at: Revision | undefined): void {
    this.#checkOpen()
    if (at !== undefined) checkRevision(at, this.#compacted, this.#revision)
  }

  #checkOpen(): void {
    if (this.#closed) throw closed()
  }
}
