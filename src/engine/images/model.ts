import type { Digest } from '#base/digest.ts'

/** OCI image-spec, config.md. Unknown fields are kept in the blob, whose digest is the image's id. */
export interface ImageConfig {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly created?: string
  readonly author?: string
  readonly config?: RunConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] }
  readonly history?: readonly HistoryEntry[]
}

/** What a container of the image inherits. */
export interface RunConfig {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>> | null
  readonly Env?: readonly string[] | null
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Volumes?: Readonly<Record<string, object>> | null
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly StopSignal?: string
  readonly Healthcheck?: Healthcheck
  readonly OnBuild?: readonly string[] | null
  readonly Shell?: readonly string[] | null
  readonly [field: string]: unknown
}

/** Durations are nanoseconds. */
export interface Healthcheck {
  readonly Test: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

export interface HistoryEntry {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

export interface Image {
  /** sha256 of the configuration's JSON. */
  readonly id: Digest
  readonly config: ImageConfig
  /** Digests of the uncompressed layers, lowest first. */
  readonly layers: readonly Digest[]
  /** Familiar forms, tags before digests: `busybox:latest`, `busybox@sha256:…`. */
  readonly references: readonly string[]
  /** Bytes of all layers, unpacked. */
  readonly size: number
  /** Milliseconds since the epoch; 0 when the configuration doesn't say. */
  readonly created: number
  /** When a reference last moved to it here, in milliseconds since the epoch; 0 for never. */
  readonly tagged: number
  /** The image that it was made from on this machine (`docker commit`), which may be gone. */
  readonly parent: Digest | undefined
}

/** A container that was made from an image. */
export interface ImageUse {
  /** The container. */
  readonly id: string
  readonly running: boolean
  /** What the image was called when it was made. */
  readonly name?: string
}

/** One line of `DELETE /images`' and prune's answer. */
export type Removed = { readonly Untagged: string } | { readonly Deleted: string }
