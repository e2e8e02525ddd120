import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { quickenMoves } from '#host/cgroup/quick-moves.ts'
import type { Config } from './config.ts'

/** Milliseconds: it blocks for a moment, which the clients that this daemon was started for need not wait for. */
const soon = 500

/** Unless the configuration forbids it, has starts and exec sessions not wait for the kernel. See docs/decisions/0010-quick-cgroups.md. */
export function quickenCgroups({ clock, log }: { readonly clock: Clock; readonly log: Log }, { quickCgroups }: Config): Disposable {
  const stack = new DisposableStack()
  if (!quickCgroups) return stack
  stack.use(
    clock.after(soon, () => {
      try {
        stack.use(quickenMoves())
      } catch (error) {
        log.info('this kernel is slow to move processes between control groups', { error: messageOf(error) })
      }
    }),
  )
  return stack
}
