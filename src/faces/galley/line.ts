import type { ErrorKind } from '#base/error.ts'
import type { ComposeEvent } from '#compose/apply/events.ts'
import type { Finding } from '#diagnose/finding.ts'

/** A line of the answer to `up` and `down`: what happens, then why what failed did, then how it ended. */
export type Line =
  | ComposeEvent
  | { readonly type: 'finding'; readonly finding: Finding }
  /** The container that was made for one command. */
  | { readonly type: 'container'; readonly id: string }
  | { readonly type: 'end'; readonly ok: boolean }
  /** `id` is what `idOf` of base/error.ts says. */
  | { readonly type: 'error'; readonly id: string; readonly kind: ErrorKind; readonly message: string; readonly advice?: string }
