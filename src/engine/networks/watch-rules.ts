import type { Clock } from '#base/clock.ts'
import type { Rules } from './rules.ts'

/** Milliseconds: who takes rules away does so in many steps. */
const settling = 50
/** Milliseconds until what could not be looked at, or not be mended, is tried again. */
const pause = 1000

interface Harm {
  /** Mends the rules. */
  readonly onHarm: () => void
  /** Told of what is tried again: the kernel had no memory, say, and the daemon must not end for that. */
  readonly onFailure: (error: unknown) => void
}

/** Calls back once when somebody has harmed the rules, as `nft flush ruleset` and restarts of other firewalls do, and is done with it. */
export function watchRules(rules: Pick<Rules, 'watch' | 'intact'>, clock: Clock, { onHarm, onFailure }: Harm): Disposable {
  let due: Disposable | undefined
  let elements = false
  let watching: Disposable | undefined
  const watch = (): void => {
    watching = rules.watch({
      removed: (what) => {
        elements ||= what === 'elements'
        due ??= clock.after(settling, look)
      },
      // What happened meanwhile is not known.
      lost: () => {
        watching = undefined
        elements = true
        due ??= clock.after(settling, look)
      },
    })
  }
  const look = (): void => {
    due = undefined
    try {
      if (watching === undefined) watch()
      if (elements || !rules.intact) onHarm()
      elements = false
    } catch (error) {
      onFailure(error)
      elements = true
      due ??= clock.after(pause, look)
    }
  }
  watch()
  return {
    [Symbol.dispose]() {
      watching?.[Symbol.dispose]()
      due?.[Symbol.dispose]()
    },
  }
}
