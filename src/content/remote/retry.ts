import { sleep, type Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { RegistryError } from './error.ts'

/** Attempts without any progress before giving up, as in Docker. */
const defaultAttempts = 5
const firstPause = 500
const longestPause = 60_000

export interface Retrying {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told before each pause, with its length in milliseconds. */
  readonly onPause?: (pause: number) => void
  /** A number that grows while there is progress, which makes the attempts count anew. */
  readonly progress?: () => number
  readonly attempts?: number
  /** Failures that are final although they are of a retryable kind. */
  readonly unless?: (error: unknown) => boolean
}

/** Runs `task` again after a growing pause, or the one that the registry asked for, while its failures are of the retryable kinds. */
export async function retrying<T>(options: Retrying, task: () => Promise<T>): Promise<T> {
  const { clock, signal, onPause, progress, attempts = defaultAttempts, unless = () => false } = options
  let before = progress?.() ?? 0
  for (let attempt = 1; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      if (signal.aborted || !(error instanceof GalleyError) || !error.retryable || unless(error)) throw error
      const now = progress?.() ?? 0
      if (now > before) attempt = 1
      before = now
      if (attempt >= attempts) throw error
      const asked = error instanceof RegistryError ? error.wait : undefined
      const pause = Math.min(asked ?? firstPause * 2 ** (attempt - 1), longestPause)
      onPause?.(pause)
      await sleep(clock, pause, signal)
    }
  }
}
