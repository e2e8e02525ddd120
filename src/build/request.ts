import type { Duplex } from 'node:stream'
import type { ImageReference } from '#base/image-reference.ts'
import type { Branch } from '#content/layers/pack.ts'
import type { Platform } from '#content/manifests/manifest.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { AttestRequest } from './attest/request.ts'
import type { ContextSource } from './context/source.ts'
import type { OnProgress } from './progress.ts'
import type { StepLimits } from './solve/container.ts'
import type { FailedStep } from './solve/failed-step.ts'

/** What is to be built. */
export interface BuildRequest {
  /** The build context: see `TarContext` and `DirectoryContext`; other doors bring their own. */
  readonly context: ContextSource
  /** Path in the context, `Dockerfile` by default, or the text itself with the ignore file that goes with it alone. */
  readonly dockerfile?: string | DockerfileText
  /** What `FROM`, `--from` and `from=` find by name before stages and images (`--build-context`). Names in lower case. */
  readonly contexts?: ReadonlyMap<string, NamedContext>
  /** Build arguments; `SOURCE_DATE_EPOCH` and those named `BUILDKIT_…` say things about the build itself too. */
  readonly args: ReadonlyMap<string, string>
  /** Build arguments that the client named, and has no values for. */
  readonly unsetArgs?: readonly string[]
  /** Name or number of a stage; the last one by default. */
  readonly target?: string
  /** Names of the image that is stored; see `Output`. */
  readonly tags: readonly ImageReference[]
  readonly labels: Readonly<Record<string, string>>
  readonly limits: StepLimits
  /** All stages, or those named, take nothing from the cache. */
  readonly noCache?: boolean | readonly string[]
  /** Asks the registry for each base image, even when it is here. */
  readonly pull?: boolean
  readonly platform?: Platform
  /** More than one gives an index of images, which the store does not take; `platform` means nothing then. */
  readonly platforms?: readonly Platform[]
  /** Makes an index of one image too. */
  readonly indexed?: boolean
  readonly credentials?: (reference: ImageReference) => Credentials | undefined | Promise<Credentials | undefined>
  /** The content of a secret; undefined when the client has none of this name. It is asked for each step that mounts it. */
  readonly secrets?: (id: string) => Promise<Uint8Array | undefined>
  /** Opens connections to an agent, `default` when the Dockerfile names none; undefined when the client has not got it. */
  readonly ssh?: (id: string) => Promise<AgentOpener | undefined>
  /** What steps may ask for; nothing by default. */
  readonly entitlements?: ReadonlySet<Entitlement>
  /** What becomes of the result; an image in the store by default. */
  readonly outputs?: readonly Output[]
  /** What is said of the result. */
  readonly attest?: AttestRequest
  /** Where to look for steps' results besides this machine's own. One that can't be reached is no failure. */
  readonly cacheFrom?: readonly CacheSource[]
  /** Of this machine's own results only those are taken that the images among `cacheFrom` were made of: as Docker's classic builder has it. */
  readonly cacheFromAlone?: boolean
  /** Where steps' results are kept for other machines. */
  readonly cacheTo?: readonly CacheTarget[]
  /** Refuses what Docker's classic builder refuses and BuildKit builds: sources above the context, or none, or several to what is no directory; an image of nothing. */
  readonly classic?: boolean
  readonly onProgress?: OnProgress
  /** Is given what a step that failed found or left; the build goes on to fail when it resolves. */
  readonly onFailedStep?: (step: FailedStep) => Promise<void>
  /** Which containers of `RUN` outlive the build: none by default, that of a step that failed, or those of all that ran. */
  readonly keepsContainers?: 'of failures' | 'all'
  readonly signal?: AbortSignal
}

export interface DockerfileText {
  readonly text: string
  /** How messages call it. */
  readonly name?: string
  /** Content of `<name>.dockerignore`, which replaces the context's own `.dockerignore`. */
  readonly ignore?: string
}

export type NamedContext =
  /** Files, as another build context. */
  | { readonly kind: 'files'; readonly source: ContextSource }
  /** An image, by name or id. */
  | { readonly kind: 'image'; readonly reference: string }

/** Makes one connection to an SSH agent. */
export type AgentOpener = () => Promise<Duplex>

/** A device may be named, and given another name for the Dockerfile: `device=vendor.com/class=name,alias=word`. */
export type Entitlement = 'network.host' | 'security.insecure' | 'device' | `device=${string}`

export type Output =
  /** In the image store, under the request's tags; with `push` also in their registries. */
  | ({ readonly kind: 'image'; readonly push?: boolean } & ImageParts)
  /** An archive as `docker save` writes it, which is an OCI layout too; `names` instead of the request's tags. */
  | ({
      readonly kind: 'archive'
      readonly form?: ArchiveForm
      readonly names?: readonly ImageReference[]
      readonly sink: ByteSink
    } & ImageParts)
  /** The target's files as a tar. */
  | ({ readonly kind: 'tar'; readonly sink: ByteSink } & FileParts)
  /** The target's files; the sink reads them from directories that go when it resolves. */
  | ({ readonly kind: 'files'; readonly sink: (branches: readonly Branch[]) => Promise<void> } & FileParts)

/** Under which name an archive was asked for: what is in it is the same. */
export type ArchiveForm = 'docker' | 'oci'

/** What an image is given beside its content. */
export interface ImageParts {
  readonly annotations?: readonly Annotation[]
  /** Whether attestations are artifacts that name their image; they are by default. */
  readonly artifacts?: boolean
}

/** What files are given beside their content. */
export interface FileParts {
  /** Put before the names of attestations. */
  readonly attestationPrefix?: string
}

/** A text for those who read manifests (OCI image-spec, annotations.md). */
export interface Annotation {
  /** Where it stands: in a manifest, in the index, or in the entry that names one of them. */
  readonly level: AnnotationLevel
  /** For the image of one platform; all of them by default. */
  readonly platform?: Platform
  readonly key: string
  readonly value: string
}

export const annotationLevels = ['manifest', 'manifest-descriptor', 'index', 'index-descriptor'] as const
export type AnnotationLevel = (typeof annotationLevels)[number]

/** Results in Galley's own form (see docs/decisions/0012-build-cache.md). */
export type CacheSource =
  /**
   * An image that `inline` or `registry` made, here or in its registry. One that is here tells by its history too; with `prefersHere`,
   * that is enough, whatever its registry has.
   */
  | { readonly kind: 'image'; readonly reference: ImageReference; readonly prefersHere?: boolean }
  /** What the sink of an `archive` was given; undefined when there is nothing yet. */
  | { readonly kind: 'archive'; readonly open: () => Promise<AsyncIterable<Uint8Array> | undefined> }

export type CacheTarget =
  /** In the image itself, those of its own layers. */
  | { readonly kind: 'inline' }
  /** `max`: also of stages that the result is only copied from. */
  | { readonly kind: 'registry'; readonly reference: ImageReference; readonly mode: CacheMode }
  | { readonly kind: 'archive'; readonly sink: ByteSink; readonly mode: CacheMode }

export type CacheMode = 'min' | 'max'

/** Takes a whole stream; resolves when all is where it should be. */
export type ByteSink = (bytes: AsyncIterable<Uint8Array>) => Promise<void>
