import type { Additions, Change, Finding, Words } from '#diagnose/finding.ts'

/** Of those that say the same, so many services and places are named. */
const shownServices = 3
const shownPlaces = 5

/** Findings that differ only in the service and the place are told as one: a rule that a file breaks forty times is read once. */
export function alike(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, keyOf)
  return [...groups.values()].map((group) => joined(group))
}

/** The change of a line is shown with that one, so those stay apart; what is put into one file for all of them is one change. */
function keyOf(finding: Finding): unknown {
  const { rule, severity, cause, fix, page } = finding
  const { change } = fix
  const place = change === undefined ? [] : isAddition(change) ? [change.file, change.needs?.en] : undefined
  return place === undefined ? finding : JSON.stringify([rule, severity, cause.en, fix.text.en, page, ...place])
}

function joined(group: readonly Finding[]): Finding {
  const [first] = group
  if (first === undefined || group.length === 1) return first as Finding
  const services = [...new Set(group.map(({ service }) => service))]
  const evidence = [...new Map(group.flatMap((one) => one.evidence).map((words) => [words.en, words])).values()]
  const { change } = first.fix
  const fix = change === undefined || !isAddition(change) ? first.fix : { ...first.fix, change: { ...change, puts: putsOf(group) } }
  return { ...first, service: namesOf(services), evidence: shortened(evidence), fix }
}

/** Each once: two services may need the same of a third. */
function putsOf(group: readonly Finding[]): Additions['puts'] {
  const all = group.flatMap(({ fix: { change } }) => (change !== undefined && isAddition(change) ? change.puts : []))
  return [...new Map(all.map((put) => [JSON.stringify(put), put])).values()]
}

function isAddition(change: Change): change is Additions {
  return 'puts' in change
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
