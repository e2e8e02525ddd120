import { sleep, type Clock } from '#base/clock.ts'
import { GalleyError } from '#base/error.ts'
import { RegistryError } from './error.ts'

/** Attempts without any progress before giving up, as in Docker. */
const attempts = 5
const firstPause = 500
const longestPause = 60_000

export interface Retrying {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told before each pause, with its length in milliseconds. */
  readonly onPause?: (pause: number) => void
  /** A number that grows while there is progress, which makes the attempts count anew. */
  readonly progress?: () => number
}

/** Runs `task` again after a growing pause, or the one that the registry asked for, while its failures are of the retryable kinds. */
export async function retrying<T>({ clock, signal, onPause, progress }: Retrying, task: () => Promise<T>): Promise<T> {
  let before = progress?.() ?? 0
  for (let attempt = 1; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      if (signal.aborted || !(error instanceof GalleyError) || !error.retryable) throw error
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
