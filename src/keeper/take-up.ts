import { sleep, type Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import { isPassing } from './passing.ts'

/** Milliseconds until what could not be taken up is tried again. */
const pause = 500

interface TakingUp {
  readonly clock: Clock
  /** Throws, and then holds nothing of it. */
  readonly adopt: (id: string) => void
  readonly forget: (id: string) => void
}

/**
 * Takes up what a keeper before this one left. What can't be taken up for a reason that passes is tried again until it can, and nobody
 * is served meanwhile: a daemon that is not told of a process takes it for dead, and its container's files and networks away. What
 * is gone, as its directory went with a reboot, is forgotten.
 */
export async function takeUp(ids: readonly string[], { clock, adopt, forget }: TakingUp): Promise<void> {
  for (let left = ids; left.length > 0;) {
    left = left.filter((id) => {
      try {
        adopt(id)
        return false
      } catch (error) {
        if (isPassing(error)) {
          process.stderr.write(`${id} cannot be taken up yet: ${messageOf(error)}\n`)
          return true
        }
        forget(id)
        return false
      }
    })
    if (left.length > 0) await sleep(clock, pause)
  }
}
