/** Work that several callers want the same of: it is done once, for all of them, and ends when the last one goes. */
export class SharedWork<Event, Result> {
  readonly #running = new Map<string, Running<Event, Result>>()

  /** Starts the work under `key`, or joins it. Rejects with the signal's reason when that is aborted. */
  async join(
    key: string,
    { report, signal }: { readonly report: (event: Event) => void; readonly signal: AbortSignal },
    work: (report: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted()
    const found = this.#running.get(key)
    const running = found === undefined || found.stop.signal.aborted ? this.#start(key, work) : found
    if (running.last !== undefined) report(running.last)
    running.reports.add(report)
    const gone = Promise.withResolvers<never>()
    const leave = (): void => {
      this.#leave(running, report, signal.reason)
      gone.reject(signal.reason as Error)
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([running.result, gone.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      running.reports.delete(report)
    }
  }

  #start(key: string, work: (report: (event: Event) => void, signal: AbortSignal) => Promise<Result>): Running<Event, Result> {
    const stop = new AbortController()
    const reports = new Set<(event: Event) => void>()
    const tell = (event: Event): void => {
      running.last = event
      for (const report of reports) report(event)
    }
    // What was given up must have ended before the same begins anew.
    const before = Promise.allSettled([this.#running.get(key)?.result])
    const running: Running<Event, Result> = { stop, reports, last: undefined, result: before.then(() => work(tell, stop.signal)) }
    this.#running.set(key, running)
    const end = (): void => void (this.#running.get(key) === running && this.#running.delete(key))
    running.result.then(end, end)
    return running
  }

  #leave(running: Running<Event, Result>, report: (event: Event) => void, reason: unknown): void {
    running.reports.delete(report)
    if (running.reports.size === 0) running.stop.abort(reason)
  }
}

interface Running<Event, Result> {
  readonly stop: AbortController
  readonly reports: Set<(event: Event) => void>
  readonly result: Promise<Result>
  /** What was told last, for those who join. */
  last: Event | undefined
}
