import { checkDockerfile } from '#build/checks/check.ts'
import { pageOf, rules } from '#build/checks/rules.ts'
import type { Question } from './subrequests.ts'
import { locationOf } from './targets.ts'

/** What the rules say about a Dockerfile (`buildx build --check`). */
export function lint({ text, name, check }: Question): { readonly warnings: readonly object[]; readonly sources: readonly object[] } {
  const { findings } = checkDockerfile(text, check)
  return {
    warnings: findings.map(({ rule, message, place }) => ({
      ruleName: rule,
      description: rules[rule],
      url: pageOf(rule),
      detail: message,
      location: locationOf(place),
    })),
    sources: [{ filename: name, language: 'Dockerfile', data: Buffer.from(text).toString('base64') }],
  }
}
