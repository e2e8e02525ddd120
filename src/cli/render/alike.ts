import type { Finding, Words } from '#diagnose/finding.ts'

/** Of those that say the same, so many services and places are named. */
const shownServices = 3
const shownPlaces = 5

/** Findings that differ only in the service and the place are told as one: a rule that a file breaks forty times is read once. */
export function alike(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, keyOf)
  return [...groups.values()].map((group) => joined(group))
}

/** A change is shown with its own line, so those stay apart. */
function keyOf(finding: Finding): unknown {
  const { rule, severity, cause, fix, page } = finding
  return fix.change === undefined ? JSON.stringify([rule, severity, cause.en, fix.text.en, page]) : finding
}

function joined(group: readonly Finding[]): Finding {
  const [first] = group
  if (first === undefined || group.length === 1) return first as Finding
  const services = [...new Set(group.map(({ service }) => service))]
  const evidence = [...new Map(group.flatMap((one) => one.evidence).map((words) => [words.en, words])).values()]
  return { ...first, service: namesOf(services), evidence: shortened(evidence) }
}

function namesOf(services: readonly string[]): string {
  const rest = services.length - shownServices
  return [...services.slice(0, shownServices), ...(rest > 0 ? [`+${rest}`] : [])].join(', ')
}

function shortened(evidence: readonly Words[]): Words[] {
  const rest = evidence.length - shownPlaces
  if (rest <= 1) return [...evidence]
  // Told in the reader's language where it is shown.
  const text = `the same ${rest} more times`
  return [...evidence.slice(0, shownPlaces), { en: text, ko: text }]
}
