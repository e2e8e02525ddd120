import type { Position, Project, Service } from '#compose/model/model.ts'
import type { Facts } from './facts.ts'
import type { Finding, Words } from './finding.ts'
import type { Ground } from './ground.ts'
import type { Use } from './use.ts'

/** Something that goes wrong, and how it is known. Each has a page, `docs/rules/ID.md`. */
export interface Rule {
  readonly id: string
  readonly title: Words
  readonly severity: Finding['severity']
  /** What it says of a project before anything runs. */
  lint?(facts: LintFacts): Found[]
  /** What it says of a service by what its program will find in its image. */
  inspect?(service: Service, ground: Ground): Found[]
  /** What it says of one that did not come up, or of what has ended since. */
  find?(facts: Facts): Found[]
}

/** A finding without what its rule says of every one. */
export type Found = Omit<Finding, 'rule' | 'title' | 'severity'>

/** What can be said of a project before anything runs. */
export interface LintFacts {
  readonly project: Project
  /** The line of one of the caller's files, as it is written; undefined when it isn't known. */
  lineAt(at: Position): string | undefined
  /** What a service's program will find; undefined where its image isn't here. */
  groundOf(service: Service): Ground | undefined
  /** What its containers take of the machine; undefined when none runs. */
  useOf(service: Service): Use | undefined
}

export function findingOf({ id, title, severity }: Rule, found: Found): Finding {
  return { rule: id, title, severity, ...found }
}
