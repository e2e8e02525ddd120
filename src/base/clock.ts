/** Time, handed in so that tests need not wait. Milliseconds everywhere. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `task` once after `delay`; disposing the result cancels it, also when the delay is over. */
  after(delay: number, task: () => void): Disposable
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, task) {
    // What a process without the processor finds when it has one again came in time: Node would run its timers first, and read then.
    let read: NodeJS.Immediate | undefined
    // Longer delays would overflow setTimeout's 31 bits and fire at once.
    const timer = setTimeout(() => (read = setImmediate(task)), Math.min(delay, 2 ** 31 - 1))
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer)
        clearImmediate(read)
      },
    }
  },
}

/** Resolves after `delay`, rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const timer = clock.after(delay, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      timer[Symbol.dispose]()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
