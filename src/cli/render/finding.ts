import { readFileSync } from 'node:fs'
import type { Finding, Fix } from '#diagnose/finding.ts'

interface Reader {
  /** Files are named from here on. */
  readonly directory: string
  /** Titles are Korean. */
  readonly korean: boolean
}

/** An explanation as a person reads it. */
export function findingText(finding: Finding, { directory, korean }: Reader): string {
  const { rule, title, titleKo, severity, service, evidence, cause, fix } = finding
  const lines = [
    `${severity === 'error' ? '✘' : '!'} ${service}: ${korean ? titleKo : title} [${rule}]`,
    '  What was seen:',
    ...evidence.map((text) => `    - ${text}`),
    `  Why: ${cause}`,
    `  What helps: ${fix.text}`,
    ...changeLines(fix.change),
  ]
  return `${relative(lines.join('\n'), directory)}\n`
}

/** Paths below the caller's directory are told from there on. */
export function relative(text: string, directory: string): string {
  return text.replaceAll(`${directory}/`, '')
}

/** The line of the file as it is and as it should be. */
function changeLines(change: Fix['change']): string[] {
  if (change === undefined) return []
  const { at, before, after } = change
  const line = lineOf(at.file, at.line)
  const [old, renewed] = line?.includes(before) === true ? [line, line.replace(before, after)] : [before, after]
  return [`    in ${at.file}, line ${at.line}:`, `    - ${old.trim()}`, `    + ${renewed.trim()}`]
}

function lineOf(file: string, line: number): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[line - 1]
  } catch {
    return undefined
  }
}
