import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'
import { findingOf, type Rule } from './rule.ts'
import { lastWords } from './rules/last-words.ts'
import { rules } from './rules.ts'

/** Explains what failed. A service that no rule explains is shown with its last words. */
export function diagnose(facts: Facts): Finding[] {
  const findings = rules.filter((rule) => rule !== lastWords).flatMap((rule) => apply(rule, facts))
  const explained = new Set(findings.map(({ service }) => service))
  return [...findings, ...apply(lastWords, facts).filter(({ service }) => !explained.has(service))]
}

function apply(rule: Rule, facts: Facts): Finding[] {
  return (rule.find?.(facts) ?? []).map((found) => findingOf(rule, found))
}
