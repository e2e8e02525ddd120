import type { Clock } from '#base/clock.ts'
import type { Rules } from './rules.ts'

/** Milliseconds: who takes rules away does so in many steps. */
const settling = 50

/** Calls back once when somebody has harmed the rules, as `nft flush ruleset` and restarts of other firewalls do, and is done with it. */
export function watchRules(rules: Rules, clock: Clock, onHarm: () => void): Disposable {
  let look: Disposable | undefined
  let elements = false
  const watching = rules.watch((removed) => {
    elements ||= removed === 'elements'
    look ??= clock.after(settling, () => {
      const harmed = elements || !rules.intact
      look = undefined
      elements = false
      if (harmed) onHarm()
    })
  })
  return {
    [Symbol.dispose]() {
      watching[Symbol.dispose]()
      look?.[Symbol.dispose]()
    },
  }
}
