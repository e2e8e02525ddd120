import { closed, expired } from './check.ts'
import { placeOf } from './decide.ts'
import type { Change, Revision } from './store.ts'

/** What a watch reads to catch up: `changes` are those with `after` < revision <= `upTo`, in order. */
export interface History {
  reach(): { readonly revision: Revision; readonly compacted: Revision }
  changes(prefix: string, after: Revision, upTo: Revision): readonly Change[]
}

/** A watcher that is this many changes behind gives up its buffer and reads the history instead: slow readers cost no memory. */
const mostBuffered = 1000
/** Revisions that are read from the history at once. */
const page = 500

/** Hands committed changes to everybody who watches. */
export class FanOut implements Disposable {
  readonly #history: History
  readonly #watchers = new Set<Watcher>()
  #closed = false

  constructor(history: History) {
    this.#history = history
  }

  /** Tells the watchers about committed changes, oldest first. */
  publish(changes: readonly Change[]): void {
    for (const watcher of this.#watchers) watcher.push(changes)
  }

  /** See `Store.watch`. Nothing is held before the first change is asked for, nor after the loop over it ends. */
  async *watch(prefix: string, after: Revision, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
    const watcher = new Watcher(prefix, after)
    const wake = (): void => watcher.wake()
    signal.addEventListener('abort', wake)
    this.#watchers.add(watcher)
    try {
      while (!signal.aborted) {
        for (const change of this.#next(watcher)) {
          yield change
          if (signal.aborted) return
        }
        if (watcher.idle) await watcher.woken()
      }
    } finally {
      this.#watchers.delete(watcher)
      signal.removeEventListener('abort', wake)
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    for (const watcher of this.#watchers) watcher.wake()
  }

  #next(watcher: Watcher): readonly Change[] {
    if (this.#closed) throw closed()
    const { revision, compacted } = this.#history.reach()
    if (!watcher.behind) return watcher.take(revision)
    const after = watcher.taken
    if (after < compacted) throw expired(after, compacted)
    const upTo = Math.min(after + page, revision)
    watcher.reached(upTo, upTo >= revision)
    return this.#history.changes(watcher.prefix, after, upTo)
  }
}

class Watcher {
  readonly prefix: string
  /** Everything up to this revision was handed out, or is none of this watcher's. */
  taken: Revision
  /** Whether the history must be read because the buffer does not follow on `taken`. */
  behind = true
  #buffer: Change[] = []
  #alarm = Promise.withResolvers<void>()

  constructor(prefix: string, after: Revision) {
    this.prefix = prefix
    this.taken = after
  }

  get idle(): boolean {
    return !this.behind && this.#buffer.length === 0
  }

  push(changes: readonly Change[]): void {
    if (this.behind) return
    for (const change of changes) {
      const { key, revision } = placeOf(change)
      if (revision > this.taken && key.startsWith(this.prefix)) this.#buffer.push(change)
    }
    if (this.#buffer.length > mostBuffered) this.#giveUp()
    if (!this.idle) this.wake()
  }

  /** Empties the buffer, which holds all up to the store's `revision`: changes are pushed in the same tick as they are committed. */
  take(revision: Revision): readonly Change[] {
    const changes = this.#buffer
    this.#buffer = []
    this.taken = Math.max(this.taken, revision)
    return changes
  }

  reached(revision: Revision, caughtUp: boolean): void {
    this.taken = Math.max(this.taken, revision)
    this.behind = !caughtUp
  }

  wake(): void {
    this.#alarm.resolve()
  }

  async woken(): Promise<void> {
    await this.#alarm.promise
    this.#alarm = Promise.withResolvers<void>()
  }

  /** What came before the buffer is done with, even where it was compacted by now. */
  #giveUp(): void {
    const [first] = this.#buffer
    if (first !== undefined) this.taken = Math.max(this.taken, placeOf(first).revision - 1)
    this.#buffer = []
    this.behind = true
  }
}
