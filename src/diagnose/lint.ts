import type { Service } from '#compose/model/model.ts'
import type { Finding } from './finding.ts'
import type { Ground } from './ground.ts'
import { findingOf, type LintFacts, type Rule } from './rule.ts'
import { rules } from './rules.ts'

/** Says what is likely to go wrong with a project, before anything runs; what will not work first. */
export function lint(facts: LintFacts): Finding[] {
  const { project, groundOf } = facts
  return [
    ...found(facts, ({ severity }) => severity !== 'advice'),
    ...Object.values(project.services).flatMap((service) => inspect(service, groundOf(service))),
  ].toSorted((a, b) => weight(a) - weight(b))
}

/** What people who know would do besides: nothing of it stops a project from working. */
export function advise(facts: LintFacts): Finding[] {
  return found(facts, ({ severity }) => severity === 'advice')
}

function found(facts: LintFacts, wanted: (rule: Rule) => boolean): Finding[] {
  return rules.filter(wanted).flatMap((rule) => (rule.lint?.(facts) ?? []).map((one) => findingOf(rule, one)))
}

/** Says what of a service will not work, by its image. */
export function inspect(service: Service, ground: Ground | undefined): Finding[] {
  if (ground === undefined) return []
  return rules.flatMap((rule) => (rule.inspect?.(service, ground) ?? []).map((found) => findingOf(rule, found)))
}

function weight({ severity }: Finding): number {
  return severity === 'error' ? 0 : 1
}
