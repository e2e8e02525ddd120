import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'
import { findingOf, type Rule } from './rule.ts'
import { lastWords } from './rules/last-words.ts'
import { programError } from './rules/program-error.ts'
import { stepRefused } from './rules/step-refused.ts'
import { rules } from './rules.ts'

/** What is said of services that no other rule explains, the most telling first. */
const lastResorts: readonly Rule[] = [programError, stepRefused, lastWords]

/** Explains what failed. A service that no rule explains is shown with its error, or at least its last words. */
export function diagnose(facts: Facts): Finding[] {
  const findings = rules.filter((rule) => !lastResorts.includes(rule)).flatMap((rule) => apply(rule, facts))
  for (const rule of lastResorts) {
    const explained = new Set(findings.map(({ service }) => service))
    findings.push(...apply(rule, facts).filter(({ service }) => !explained.has(service)))
  }
  return findings
}

function apply(rule: Rule, facts: Facts): Finding[] {
  return (rule.find?.(facts) ?? []).map((found) => findingOf(rule, found))
}
