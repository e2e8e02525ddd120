import type { Digest } from '#base/digest.ts'
import type { Attestation } from '#content/manifests/attestation.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'

/** What a build for one platform came to. */
export interface Built {
  readonly solver: Solver
  readonly state: State
  /** Of the image in the store. */
  readonly id: Digest
  readonly attestations: readonly Attested[]
}

/** What is said of it. */
export interface Attested extends Attestation {
  /** Name among files. */
  readonly fileName: string
  /** Only for images that leave this machine. */
  readonly inlineOnly: boolean
}
