import { orAborted } from '#base/abort.ts'
import type { Clock } from '#base/clock.ts'
import type { Digest } from '#base/digest.ts'
import type { Store, Write } from '#store/store.ts'

/** What a step that may change files came to. */
export interface StepResult {
  /** undefined when it changed nothing. */
  readonly diffId: Digest | undefined
  /** Bytes, unpacked. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly created: number
}

export interface StepRecord extends StepResult {
  /** sha256 of all that the result depends on, in hexadecimal. */
  readonly key: string
  /** The instruction, for people. */
  readonly text: string
  readonly used: number
  readonly uses: number
}

const prefix = '/build/step/'

type Put = Extract<Write, { readonly put: string }>

export interface CacheOptions {
  readonly store: Store
  readonly clock: Clock
  readonly layers: {
    has(diffId: Digest): boolean
    /** Everything adopted so far is on disk when it resolves. */
    sync(): Promise<void>
  }
}

/**
 * Results of build steps by key. New ones are written with `flush`, after their layers are safely on disk; a crash before that
 * forgets them, and never leaves a record without its layer.
 */
export class StepCache {
  readonly #options: CacheOptions
  readonly #records = new Map<string, StepRecord>()
  readonly #running = new Map<string, Promise<StepResult>>()
  readonly #changed = new Set<string>()

  constructor(options: CacheOptions) {
    this.#options = options
  }

  async load(): Promise<void> {
    for (const { value } of (await this.#options.store.list(prefix)).entries) {
      const record = JSON.parse(value) as StepRecord
      this.#records.set(record.key, record)
    }
  }

  list(): readonly StepRecord[] {
    return [...this.#records.values()]
  }

  /** Whether a step's result is this layer, which must stay for it. */
  holds(diffId: Digest): boolean {
    return this.list().some((record) => record.diffId === diffId)
  }

  /** What is remembered of a step, where its layer is still here. */
  find(key: string): StepRecord | undefined {
    const record = this.#records.get(key)
    return record !== undefined && (record.diffId === undefined || this.#options.layers.has(record.diffId)) ? record : undefined
  }

  /**
   * The result of a step: remembered, from another build that is at it right now, or made. When the other build fails, so that
   * its people are told, it is made here. Throws the signal's reason when that is aborted while the other build is at it.
   */
  async result(
    step: { readonly key: string; readonly text: string; readonly fresh: boolean; readonly signal: AbortSignal },
    make: () => Promise<StepResult>,
  ): Promise<{ result: StepResult; cached: boolean }> {
    const known = step.fresh ? undefined : this.find(step.key)
    if (known !== undefined) return { result: this.#touch(known), cached: true }
    const other = this.#running.get(step.key)
    if (other !== undefined) {
      try {
        return { result: await orAborted(other, step.signal), cached: true }
      } catch {
        step.signal.throwIfAborted()
        return this.result(step, make)
      }
    }
    const making = make()
    this.#running.set(step.key, making)
    try {
      const result = await making
      this.#keep({ ...result, key: step.key, text: step.text, used: this.#options.clock.now(), uses: 0 })
      return { result, cached: false }
    } finally {
      this.#running.delete(step.key)
    }
  }

  /** Whether a step that makes no files was done before; from now on it was. */
  recall({ key, text }: { readonly key: string; readonly text: string }): boolean {
    const known = this.find(key)
    const now = this.#options.clock.now()
    if (known !== undefined) this.#touch(known)
    else this.#keep({ key, text, diffId: undefined, size: 0, created: now, used: now, uses: 0 })
    return known !== undefined
  }

  /** Writes what is new. Durable when it resolves. */
  async flush(): Promise<void> {
    const keys = [...this.#changed]
    const writes = keys.flatMap((key): Put[] => {
      const record = this.#records.get(key)
      return record === undefined ? [] : [{ put: prefix + key, value: JSON.stringify(record) }]
    })
    this.#changed.clear()
    if (writes.length === 0) return
    try {
      // Content first, records last; what was pruned meanwhile has none.
      await this.#options.layers.sync()
      await this.#options.store.txn({ then: writes.filter(({ put }) => this.#records.has(put.slice(prefix.length))) })
    } catch (error) {
      // The next flush has them, unless they are forgotten by then.
      for (const key of keys) this.#changed.add(key)
      throw error
    }
  }

  async forget(records: readonly StepRecord[]): Promise<void> {
    for (const { key } of records) {
      this.#records.delete(key)
      this.#changed.delete(key)
    }
    if (records.length > 0) await this.#options.store.txn({ then: records.map(({ key }) => ({ delete: prefix + key })) })
  }

  /** Kept in memory and written with the next new result: a use alone is not worth a write. */
  #touch(record: StepRecord): StepRecord {
    const touched = { ...record, used: this.#options.clock.now(), uses: record.uses + 1 }
    this.#records.set(record.key, touched)
    return touched
  }

  #keep(record: StepRecord): void {
    this.#records.set(record.key, record)
    this.#changed.add(record.key)
  }
}
