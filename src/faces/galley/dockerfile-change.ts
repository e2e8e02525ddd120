import type { CheckFinding } from '#build/checks/finding.ts'
import type { LineChange } from '#diagnose/finding.ts'

const authors = 'org.opencontainers.image.authors'

/** What the line should be, where a rule has one answer and the instruction is on one line. */
const rewritten: Readonly<Record<string, (line: string) => string | undefined>> = {
  FromAsCasing: (line) => {
    const [, before, from = '', middle, as = '', after] = /^(\s*)(from)(\s.*\s)(as)(\s+\S+\s*)$/i.exec(line) ?? []
    return before === undefined
      ? undefined
      : `${before}${from}${middle}${from === from.toLowerCase() ? as.toLowerCase() : as.toUpperCase()}${after}`
  },
  LegacyKeyValueFormat: (line) => {
    const [, before, name, value = ''] = /^(\s*(?:env|label)\s+)([^\s=]+)\s+(\S.*?)\s*$/i.exec(line) ?? []
    return before === undefined || /["'\\`]/.test(value) ? undefined : `${before}${name}=${quoted(value)}`
  },
  MaintainerDeprecated: (line) => {
    const [, before, who = ''] = /^(\s*)maintainer\s+(\S.*?)\s*$/i.exec(line) ?? []
    return before === undefined || /["'\\`$]/.test(who) ? undefined : [before, 'LABEL ', authors, '="', who, '"'].join('')
  },
}

/** The change of a Dockerfile that makes a check's finding go away; undefined where several would, or none by itself. */
export function dockerfileChange({ rule, place }: CheckFinding, file: string): LineChange | undefined {
  if (place.lastLine !== undefined && place.lastLine !== place.line) return undefined
  const after = rewritten[rule]?.(place.text)
  return after === undefined ? undefined : { at: { file, line: place.line, column: 1 }, before: place.text, after }
}

function quoted(value: string): string {
  return /^[\w./:@%+,${}-]+$/.test(value) ? value : `"${value}"`
}
