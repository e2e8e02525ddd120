import type { Finding } from '../finding.ts'
import { dataOutsideVolume } from './data-outside-volume.ts'
import { databasePublished } from './database-published.ts'
import { heapOverMemory } from './heap-over-memory.ts'
import type { LintFacts, LintRule } from './lint-facts.ts'
import { localhostWritten } from './localhost-written.ts'
import { secretInFile } from './secret-in-file.ts'
import { untaggedImage } from './untagged-image.ts'
import { weakDependency } from './weak-dependency.ts'

/** What will not work first. Each has a page under docs/rules. */
export const lintRules: readonly LintRule[] = [
  localhostWritten,
  heapOverMemory,
  weakDependency,
  dataOutsideVolume,
  databasePublished,
  secretInFile,
  untaggedImage,
]

/** Says what is likely to go wrong with a project, before anything runs. */
export function lint(facts: LintFacts): Finding[] {
  return lintRules.flatMap(({ id, title, titleKo, severity, find }) =>
    find(facts).map((found) => ({ rule: id, title, titleKo, severity, ...found })),
  )
}
