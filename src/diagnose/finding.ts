import type { Put } from '#compose/model/edit/put.ts'
import type { Position } from '#compose/model/model.ts'

/** A text in each language that Galley speaks. */
export interface Words {
  readonly en: string
  readonly ko: string
}

/** What was seen. `told` are the parts that are English in both texts, such as an error's message: the reader's side puts them into words. */
export interface Evidence extends Words {
  readonly told?: readonly string[]
}

/** Why something failed, and what would mend it. Plain data, which travels as JSON. */
export interface Finding {
  /** Stable name of the rule that found it. */
  readonly rule: string
  readonly title: Words
  /** An error doesn't work; a warning will not work one day; advice is what people who know would do besides. */
  readonly severity: 'error' | 'warning' | 'advice'
  /** What it is about: a service, or what else was asked for. */
  readonly service: string
  /** What was seen: measured values, log lines, places in files. */
  readonly evidence: readonly Evidence[]
  readonly cause: Words
  readonly fix: Fix
  /** Where more is to be read, when that is not the rule's page of `galley explain`. */
  readonly page?: string
}

export interface Fix {
  readonly text: Words
  readonly change?: Change
}

/** What would mend it in a file of the caller's. */
export type Change = LineChange | Additions

interface Needing {
  /** What a person must do besides; without it the change makes things worse. */
  readonly needs?: Words
}

/** A text in one line, and what should stand there. */
export interface LineChange extends Needing {
  readonly at: Position
  readonly before: string
  readonly after: string
}

/** What should stand below keys of a Compose file, in as many lines as it takes. */
export interface Additions extends Needing {
  readonly file: string
  readonly puts: readonly Put[]
}
