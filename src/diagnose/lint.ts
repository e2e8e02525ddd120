import type { Finding } from './finding.ts'
import { findingOf, type LintFacts } from './rule.ts'
import { rules } from './rules.ts'

/** Says what is likely to go wrong with a project, before anything runs; what will not work first. */
export function lint(facts: LintFacts): Finding[] {
  return rules
    .flatMap((rule) => (rule.lint?.(facts) ?? []).map((found) => findingOf(rule, found)))
    .toSorted((a, b) => weight(a) - weight(b))
}

function weight({ severity }: Finding): number {
  return severity === 'error' ? 0 : 1
}
