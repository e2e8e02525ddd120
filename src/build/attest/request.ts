import type { Attestation } from '#content/manifests/attestation.ts'
import type { Platform } from '#content/manifests/manifest.ts'

/** What is to be said of a build's result. */
export interface AttestRequest {
  readonly provenance?: ProvenanceRequest
  readonly sbom?: SbomRequest
  /** How it was made, for whoever keeps records of builds: without the layers of its steps, which would have to be packed for that. */
  readonly recorded?: { readonly request: ProvenanceRequest; readonly tell: (platform: Platform, said: Attestation) => void }
}

/** How it was made (SLSA provenance). */
export interface ProvenanceRequest {
  /** `max` adds values of build arguments and labels, ids of secrets and agents, the Dockerfile, and the steps with their layers. */
  readonly mode: 'min' | 'max'
  readonly version: 'v0.2' | 'v1'
  readonly builderId: string
  /** What the client says of it; nothing checks that. */
  readonly reproducible: boolean
  /** Only for images that leave this machine. */
  readonly inlineOnly: boolean
  /** Name among files. */
  readonly fileName: string
  readonly invocation: Invocation
}

/** What a client asked a frontend for. */
export interface Invocation {
  readonly id: string
  readonly frontend: string
  readonly args: ReadonlyMap<string, string>
  /** Directories of the client, by the names that it gave them. */
  readonly locals: readonly string[]
  /** Address of the context, without credentials; undefined when it is the client's own. */
  readonly context: string | undefined
  readonly dockerfile: string
}

/** What it consists of (SPDX). */
export interface SbomRequest {
  /** Of its file, without `.spdx.json`; others have it in front of theirs. */
  readonly name: string
}
