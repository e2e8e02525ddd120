import type { Digest } from '#base/digest.ts'
import type { ImageReference } from '#base/image-reference.ts'

/** What a layer goes through on its way here or away. */
export type LayerPhase =
  | 'fetching'
  | 'downloading'
  | 'retrying'
  | 'verifying'
  | 'downloaded'
  | 'extracting'
  | 'pulled'
  | 'here already'
  | 'preparing'
  | 'pushing'
  | 'pushed'
  | 'there already'
  | 'mounted'

/** What happens while images come from registries or go there. */
export type TransferEvent =
  /** Anything worth saying, such as that a stand-in is being made. */
  | {
      readonly type: 'note'
      readonly text: string
      /** What the line is about: a terminal shows only the last text of each. */
      readonly id?: string
      readonly count?: { readonly current: number; readonly total: number; readonly units: string }
    }
  | { readonly type: 'pulling'; readonly reference: ImageReference }
  /** `current` of `total` bytes, for retrying seconds; `from` is the repository that a layer is mounted from. */
  | {
      readonly type: 'layer'
      readonly layer: Digest
      readonly phase: LayerPhase
      readonly current?: number
      readonly total?: number
      readonly from?: string
    }
  | { readonly type: 'pulled'; readonly reference: ImageReference; readonly digest: Digest; readonly fresh: boolean }
  | { readonly type: 'pushing'; readonly reference: ImageReference }
  | { readonly type: 'pushed'; readonly reference: ImageReference; readonly digest: Digest; readonly size: number }

export type ReportTransfer = (event: TransferEvent) => void
