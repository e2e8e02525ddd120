import type { Digest } from '#base/digest.ts'
import type { ReportTransfer } from '#engine/images/transfer.ts'

/** What a build tells while it runs. Stages run at the same time: whoever shows this one after the other puts it in order. */
export type BuildEvent =
  /** The stages to come, in the order of the file. */
  | { readonly type: 'plan'; readonly stages: readonly number[] }
  | { readonly type: 'step'; readonly stage: number; readonly number: number; readonly total: number; readonly text: string }
  | { readonly type: 'transfer'; readonly stage: number; readonly transfer: Parameters<ReportTransfer>[0] }
  | { readonly type: 'cached'; readonly stage: number }
  | { readonly type: 'triggers'; readonly stage: number; readonly count: number }
  /** A container was started for the step, and is gone again. */
  | { readonly type: 'running'; readonly stage: number; readonly container: string }
  | { readonly type: 'removed'; readonly stage: number; readonly container: string }
  | { readonly type: 'output'; readonly stage: number; readonly text: string; readonly stream: 'stdout' | 'stderr' }
  /** What the stage has come to after a step, in hexadecimal. */
  | { readonly type: 'state'; readonly stage: number; readonly id: string }
  | { readonly type: 'done'; readonly stage: number }
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'built'; readonly id: Digest }
  | { readonly type: 'tagged'; readonly reference: string }

export type OnProgress = (event: BuildEvent) => void
