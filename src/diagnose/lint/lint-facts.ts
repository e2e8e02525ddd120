import type { Position, Project } from '#compose/model/model.ts'
import type { Finding } from '../finding.ts'

/** What can be said of a project before anything runs. */
export interface LintFacts {
  readonly project: Project
  /** The line of one of the caller's files, as it is written; undefined when it isn't known. */
  lineAt(at: Position): string | undefined
}

export interface LintRule {
  readonly id: string
  readonly title: string
  /** The title for readers of Korean. */
  readonly titleKo: string
  readonly severity: 'error' | 'warning'
  find(facts: LintFacts): Omit<Finding, 'rule' | 'title' | 'titleKo' | 'severity'>[]
}
