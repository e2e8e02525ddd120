/** A variable that a program asks for, and what it said. */
export interface MissingSetting {
  readonly variable: string
  readonly said: string
}

/** A variable's name as people write them; a single word may be anything else, and needs a clearer sign. */
const long = String.raw`["'\x60]?\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b["'\x60]?`
const single = String.raw`["'\x60]?\b([A-Z][A-Z0-9_]{2,})\b["'\x60]?`
const lack = String.raw`(?:(?:is|was|are|has|have|must|should|not|no|be|to|been|a|setting|variable|value|required|key|env|environment)\s+)*(?:not set|unset|missing|required|undefined|not defined|not specified|not provided|not found|be set|must not be empty|parameter not set|unbound variable)`

const signs = [
  // Python's os.environ.
  new RegExp(`^KeyError: '([A-Z][A-Z0-9_]{2,})'$`),
  new RegExp(`[Ee]nv(?:ironment)? ?var(?:iable)?s?(?: not found| not set| missing| is missing| required)?:? ${single}`),
  new RegExp(`(?:^|[\\s:])${single}: (?:parameter not set|unbound variable)`),
  new RegExp(`${long}[ :]+${lack}`),
  new RegExp(
    `(?:[Mm]issing|[Rr]equired|[Uu]ndefined|[Ss]et|[Ss]pecify|[Pp]rovide|[Ss]et one of)(?: the| required| mandatory| a value for)*(?: env(?:ironment)?(?: variable| var)?)?:? ${long}`,
  ),
] as const

/** Spring's and Quarkus' placeholders, whose variable has another form (Spring Boot, relaxed binding). */
const placeholder = /Could not resolve placeholder '([\w.-]+)'/

/** MySQL's entrypoint names the variables in lines of their own. */
const listed = /^\s*- ([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)$/

/** The variable that the last lines of a program say is missing. */
export function missingSettingIn(log: readonly string[]): MissingSetting | undefined {
  for (let index = log.length - 1; index >= 0; index--) {
    const said = log[index] ?? ''
    const [, property] = placeholder.exec(said) ?? []
    if (property !== undefined) return { variable: property.replaceAll(/[.-]/g, '_').toUpperCase(), said }
    const variable = signs.map((sign) => sign.exec(said)?.[1]).find((name) => name !== undefined)
    if (variable !== undefined) return { variable, said }
    const [, first] = listed.exec(said) ?? []
    const above = log.slice(0, index).findLast((line) => !listed.test(line)) ?? ''
    if (first !== undefined && /specify|set|need/i.test(above)) return { variable: firstListed(log, index), said: above.trim() }
  }
  return undefined
}

function firstListed(log: readonly string[], index: number): string {
  let first = index
  while (first > 0 && listed.test(log[first - 1] ?? '')) first--
  return listed.exec(log[first] ?? '')?.[1] ?? ''
}
