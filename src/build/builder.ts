import { mkdirSync, readdirSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { ImageReference } from '#base/image-reference.ts'
import type { LayerStore } from '#content/layers/store.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { Transport } from '#content/remote/transport.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import type { Surroundings } from '#engine/catalogue/surroundings.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { remove } from '#engine/containers/remove.ts'
import type { Composition } from '#engine/images/composition.ts'
import type { Images } from '#engine/images/images.ts'
import type { ReportTransfer } from '#engine/images/transfer.ts'
import { discard } from '#host/files/discard.ts'
import { spreadSubdirectories } from '#host/files/spread.ts'
import { unmount } from '#host/kernel/mount.ts'
import { mountsBelow } from '#host/kernel/mounts-below.ts'
import type { StepCache } from './cache/cache.ts'
import type { MountCaches } from './cache/mount-caches.ts'
import type { TreeDigests } from './cache/tree-digests.ts'
import type { StepImages } from './solve/step-images.ts'

/** What builds work with; `daemon/wire-up.ts` makes it once. */
export interface Builder {
  readonly engine: Engine
  readonly images: Images
  readonly layers: LayerStore
  readonly cache: StepCache
  /** Directories of `RUN --mount=type=cache`. */
  readonly caches: MountCaches
  readonly digests: TreeDigests
  readonly stepImages: StepImages
  /** Brings an image here, as `docker pull` does. */
  readonly obtain: Obtain
  /** Sends an image elsewhere, as `docker push` does. */
  readonly publish: Publish
  /** The same for images that need not have the name here. */
  readonly publishComposition: (composition: Composition, ...request: Parameters<Publish>) => Promise<void>
  /** Brings what `ADD` names by an address. */
  readonly transport: Transport
  /** What steps need of the host to reach the outside. */
  readonly surroundings: () => Promise<Surroundings>
  /** Lines for the person about a command that failed, where something is known. */
  readonly explain?: (failed: FailedCommand) => Promise<readonly string[]>
  readonly clock: Clock
  /** Directory of contexts and mounts; on the file system of the layers. */
  readonly directory: string
}

/** A command of a Dockerfile that came back with a code that is not 0. */
export interface FailedCommand {
  readonly exitCode: number
  /** The end of what it printed, both streams. */
  readonly printed: string
  /** Directories of the files that it found, lowest first. */
  readonly layers: readonly string[]
  readonly workingDirectory: string
  /** How much room was left on the disk of the builds, for people. */
  readonly room: string | undefined
}

export type Obtain = (
  reference: ImageReference,
  options: {
    readonly platform: Platform | undefined
    readonly credentials: Credentials | undefined
    readonly report: ReportTransfer
    readonly signal: AbortSignal
  },
) => Promise<void>

export type Publish = (
  reference: ImageReference,
  options: {
    readonly credentials: Credentials | undefined
    readonly report: ReportTransfer
    readonly signal: AbortSignal
    /** What the image goes with, instead of what is kept with it. */
    readonly composition?: Composition
  },
) => Promise<void>

/** Marks the containers that steps run in. */
export const stepLabel = 'dev.galley.build-step'

/** Contexts and mounts of running builds. */
export const workDirectory = ({ directory }: Pick<Builder, 'directory'>): string => `${directory}/work`

/** Takes away what builds left that a crash ended: containers, mounts, contexts. Call once, before the first build. */
export async function startBuilder(builder: Builder): Promise<void> {
  const { engine } = builder
  for (const { id, config } of engine.containers.list())
    if (Object.hasOwn(config.Labels, stepLabel)) await remove(engine, id, { force: true, volumes: true })
  const work = workDirectory(builder)
  mkdirSync(work, { recursive: true, mode: 0o711 })
  spreadSubdirectories(work)
  for (const path of mountsBelow(`${work}/`)) unmount(path)
  for (const name of readdirSync(work)) discard(`${work}/${name}`)
  await builder.cache.load()
}
