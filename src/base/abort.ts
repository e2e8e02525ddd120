import type { Clock } from './clock.ts'
import { GalleyError } from './error.ts'

/**
 * Runs `task` with a signal of its own that aborts after `limit` milliseconds, with `timeout` as its reason, and then rejects with
 * that even when the task does not listen. For undo work, which must neither be cut short by the signal that made it necessary
 * nor hang.
 */
export async function withDeadline<T>(clock: Clock, limit: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const late = Promise.withResolvers<never>()
  using _timer = clock.after(limit, () => {
    const error = new GalleyError('timeout', `not done within ${limit} ms`, { code: 'deadline.passed' })
    controller.abort(error)
    late.reject(error)
  })
  return await Promise.race([task(controller.signal), late.promise])
}

/** Resolves when the signal is aborted, at once when it is already. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What `promise` comes to, or a rejection with the signal's reason when that is aborted first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // When the signal wins, nobody listens to how it ends any more.
  promise.catch(() => undefined)
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
