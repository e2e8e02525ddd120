import type { Service } from '#compose/model/model.ts'
import type { Finding } from './finding.ts'
import type { Ground } from './ground.ts'
import { findingOf, type LintFacts } from './rule.ts'
import { rules } from './rules.ts'

/** Says what is likely to go wrong with a project, before anything runs; what will not work first. */
export function lint(facts: LintFacts): Finding[] {
  const { project, groundOf } = facts
  return [
    ...rules.flatMap((rule) => (rule.lint?.(facts) ?? []).map((found) => findingOf(rule, found))),
    ...Object.values(project.services).flatMap((service) => inspect(service, groundOf(service))),
  ].toSorted((a, b) => weight(a) - weight(b))
}

/** Says what of a service will not work, by its image. */
export function inspect(service: Service, ground: Ground | undefined): Finding[] {
  if (ground === undefined) return []
  return rules.flatMap((rule) => (rule.inspect?.(service, ground) ?? []).map((found) => findingOf(rule, found)))
}

function weight({ severity }: Finding): number {
  return severity === 'error' ? 0 : 1
}
