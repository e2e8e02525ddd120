import type { Clock } from '#base/clock.ts'
import type { BuildRequest } from '#build/request.ts'
import type { CacheOption } from './caches.ts'
import type { Client } from './client.ts'
import { Progress } from './progress.ts'

/** One build from `Control.Solve` to its answer. The client may lead it itself, through the LLBBridge service. */
export class Job {
  readonly ref: string
  readonly client: Client
  readonly entitlements: readonly string[]
  readonly cacheImports: readonly CacheOption[]
  /** Aborted when the client gives up or goes away. */
  readonly signal: AbortSignal
  readonly progress: Progress
  /** Is given what a failed step leaves (see `BuildRequest`). */
  readonly onFailedStep: BuildRequest['onFailedStep']
  /** What the client decides to have exported, when it leads the build: an id of `Buildkit.references`; undefined for nothing. */
  readonly returned = Promise.withResolvers<string | undefined>()

  constructor(
    parts: Pick<Job, 'ref' | 'client' | 'entitlements' | 'cacheImports' | 'signal'> & {
      readonly clock: Clock
      readonly onFailedStep?: BuildRequest['onFailedStep'] | undefined
    },
  ) {
    this.ref = parts.ref
    this.client = parts.client
    this.entitlements = parts.entitlements
    this.cacheImports = parts.cacheImports
    this.signal = parts.signal
    this.onFailedStep = parts.onFailedStep
    this.progress = new Progress(parts.clock)
    // Nobody may be waiting for it yet, or any more.
    this.returned.promise.catch(() => undefined)
  }
}
