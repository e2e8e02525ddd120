import type { Digest } from '#base/digest.ts'
import type { Solver } from '../solve/solver.ts'
import type { State } from '../solve/state.ts'

/** What a build for one platform came to. */
export interface Built {
  readonly solver: Solver
  readonly state: State
  /** Of the image in the store. */
  readonly id: Digest
}
