import type { Facts, Rule } from './facts.ts'
import type { Finding } from './finding.ts'
import { bindSource } from './rules/bind-source.ts'
import { buildFailed } from './rules/build-failed.ts'
import { databaseLogin } from './rules/database-login.ts'
import { endsAtOnce } from './rules/ends-at-once.ts'
import { notStarted } from './rules/not-started.ts'
import { healthCheck } from './rules/health-check.ts'
import { imageNotFound } from './rules/image-not-found.ts'
import { lastWords } from './rules/last-words.ts'
import { localhost } from './rules/localhost.ts'
import { killed } from './rules/killed.ts'
import { nameTaken } from './rules/name-taken.ts'
import { notListening } from './rules/not-listening.ts'
import { portTaken } from './rules/port-taken.ts'
import { unknownDatabase } from './rules/unknown-database.ts'
import { unreachable } from './rules/unreachable.ts'

/** The most telling first. */
const rules: readonly Rule[] = [
  localhost,
  unreachable,
  databaseLogin,
  unknownDatabase,
  killed,
  portTaken,
  nameTaken,
  imageNotFound,
  buildFailed,
  bindSource,
  notStarted,
  notListening,
  healthCheck,
  endsAtOnce,
]

/** Explains what failed. A service that no rule explains is shown with its last words. */
export function diagnose(facts: Facts): Finding[] {
  const findings = rules.flatMap((rule) => apply(rule, facts))
  const explained = new Set(findings.map(({ service }) => service))
  return [...findings, ...apply(lastWords, facts).filter(({ service }) => !explained.has(service))]
}

function apply({ id, title, titleKo, find }: Rule, facts: Facts): Finding[] {
  return find(facts).map((finding) => ({ rule: id, title, titleKo, severity: 'error', ...finding }))
}
