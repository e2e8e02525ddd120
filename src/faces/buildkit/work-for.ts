import { BuildWork } from './build-work.ts'
import type { Buildkit } from './buildkit.ts'
import type { FrontendOptions } from './frontend/options.ts'
import { inputsOf } from './inputs.ts'
import type { Job } from './job.ts'
import type { definition } from './messages/ops.ts'
import type { Message } from './wire/message.ts'

/** What a frontend is asked for in a job. */
export interface Question {
  readonly frontend: string
  readonly options: FrontendOptions
  readonly inputs: ReadonlyMap<string, Message<typeof definition> | undefined>
}

/** The build that answers it, which begins when its result is needed. Throws as `inputsOf`. */
export function workFor(buildkit: Buildkit, job: Job, { frontend, options, inputs }: Question): BuildWork {
  const { builder, kept } = buildkit
  const { ref, client, progress, entitlements, cacheImports, signal, onFailedStep } = job
  const own = { ref, builder, kept, client, progress, entitlements, cacheImports, signal }
  const given = { ...own, ...(onFailedStep !== undefined && { onFailedStep }) }
  return new BuildWork({ ...given, frontend, options, inputs: inputsOf(buildkit, job, inputs) })
}
