import type { Position } from '#compose/model/model.ts'

/** Why something failed, and what would mend it. Plain data, which travels as JSON. */
export interface Finding {
  /** Stable name of the rule that found it. */
  readonly rule: string
  readonly title: string
  /** The title for readers of Korean. */
  readonly titleKo: string
  /** An error doesn't work; a warning will not work one day. */
  readonly severity: 'error' | 'warning'
  /** Service that it is about. */
  readonly service: string
  /** What was seen: measured values, log lines, places in files. */
  readonly evidence: readonly string[]
  readonly cause: string
  readonly fix: Fix
}

export interface Fix {
  readonly text: string
  /** A text in one line of a file of the caller's, and what should stand there. */
  readonly change?: { readonly at: Position; readonly before: string; readonly after: string }
}
