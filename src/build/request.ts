import type { ImageReference } from '#base/image-reference.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { OnProgress } from './progress.ts'
import type { StepLimits } from './solve/container.ts'

/** What is to be built. */
export interface BuildRequest {
  /** The build context: a tar (plain, gzip or zstd), or a directory of this machine, which is read and never changed. */
  readonly context: { readonly tar: AsyncIterable<Uint8Array> } | { readonly directory: string }
  /** Path in the context, `Dockerfile` by default, or the text itself. */
  readonly dockerfile?: string | { readonly text: string }
  readonly args: ReadonlyMap<string, string>
  /** Name or number of a stage; the last one by default. */
  readonly target?: string
  readonly tags: readonly ImageReference[]
  readonly labels: Readonly<Record<string, string>>
  readonly limits: StepLimits
  readonly noCache?: boolean
  /** Asks the registry for each base image, even when it is here. */
  readonly pull?: boolean
  readonly platform?: Platform
  readonly credentials?: (reference: ImageReference) => Credentials | undefined
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}
