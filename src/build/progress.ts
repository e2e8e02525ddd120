import type { Digest } from '#base/digest.ts'
import type { ReportTransfer } from '#engine/images/transfer.ts'
import type { CheckFinding } from './checks/finding.ts'

/** What a build tells while it runs. Stages run at the same time: whoever shows this one after the other puts it in order. */
export type BuildEvent =
  /** The stages to come, in the order of the file. */
  | { readonly type: 'plan'; readonly stages: readonly number[] }
  | { readonly type: 'step'; readonly stage: number; readonly number: number; readonly total: number; readonly text: string }
  | { readonly type: 'transfer'; readonly stage: number; readonly vertex: Digest; readonly transfer: Parameters<ReportTransfer>[0] }
  | { readonly type: 'cached'; readonly stage: number }
  | { readonly type: 'triggers'; readonly stage: number; readonly count: number }
  /** A container was started for the step, and is gone again. */
  | { readonly type: 'running'; readonly stage: number; readonly container: string }
  | { readonly type: 'removed'; readonly stage: number; readonly container: string }
  | {
      readonly type: 'output'
      readonly stage: number
      readonly vertex: Digest
      readonly text: string
      readonly stream: 'stdout' | 'stderr'
    }
  /** What the stage has come to after a step, in hexadecimal. */
  | { readonly type: 'state'; readonly stage: number; readonly id: string }
  | { readonly type: 'done'; readonly stage: number }
  | { readonly type: 'warning'; readonly text: string }
  /** What a rule says about the Dockerfile; `source` is that. */
  | { readonly type: 'check'; readonly finding: CheckFinding; readonly source: { readonly name: string; readonly text: string } }
  | { readonly type: 'built'; readonly id: Digest }
  | { readonly type: 'tagged'; readonly reference: string }
  /** The same once more as a graph: what begins, and how it ends. `cached` when nothing had to be done. */
  | { readonly type: 'vertex'; readonly vertex: Vertex }
  | { readonly type: 'vertex end'; readonly vertex: Digest; readonly cached: boolean; readonly error?: string }

/** A piece of work as BuildKit shows it: a step that makes files, or what surrounds the steps. */
export interface Vertex {
  /** The same for the same work of any build of the same Dockerfile. */
  readonly id: Digest
  /** Such as `[builder 2/4] RUN make` or `[internal] load build context`. */
  readonly name: string
  /** What it waits for. */
  readonly parents: readonly Digest[]
}

export type OnProgress = (event: BuildEvent) => void
