import { setImmediate } from 'node:timers/promises'
import { untilAborted } from '#base/abort.ts'
import { sleep } from '#base/clock.ts'
import { messageOf } from '#base/error.ts'
import type { Builder } from '#build/builder.ts'
import type { BuildRequest } from '#build/request.ts'
import { start } from '#engine/containers/start-by-hand.ts'
import { timestampOf } from '#faces/buildkit/messages/control.ts'
import type { BuildAsked } from './asked.ts'
import { failureOf } from './failure.ts'
import { solveStatus, type Told } from './told.ts'

/** Milliseconds for which a failed step is kept for clients that don't look into it by themselves. */
const keptFor = 10 * 60_000

interface Looking {
  readonly asked: BuildAsked
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  readonly tell: (told: Told) => Promise<void>
}

/** What becomes of a failed step, where the client asks for more than the failure. */
export function lookInto({ engine, clock }: Builder, { asked: { debug }, signal, tell }: Looking): BuildRequest['onFailedStep'] {
  if (debug === undefined) return undefined
  return async ({ container, shell, vertex, error, gone }) => {
    const failure = failureOf(error)
    const status = solveStatus({ vertexes: [{ digest: vertex, completed: timestampOf(clock.now()), error: failure.message }] })
    // What it printed is told before.
    await setImmediate()
    const told = { type: 'failed step', status, failure, container, shell } as const
    const enough = new AbortController()
    try {
      if (debug === 'here') {
        await tell(told)
        await Promise.race([gone, untilAborted(signal)])
      } else {
        const refused = await start(engine, container).then(() => undefined, messageOf)
        await tell({ ...told, keptFor, ...(refused !== undefined && { refused }) })
        if (refused !== undefined) return
        await Promise.race([gone, sleep(clock, keptFor, enough.signal)])
      }
    } finally {
      enough.abort()
    }
  }
}
