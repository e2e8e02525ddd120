import type { Warning } from './trace.ts'

/** What the rules found, told once more when all is done. */
export function warningsText(warnings: readonly Warning[]): string {
  if (warnings.length === 0) return ''
  const lines = warnings.map(({ short, url }) => ` - ${short}${url === undefined || url === '' ? '' : `\n   ${url}`}\n`)
  return `\n${warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`} found (galley build --check shows the lines):\n${lines.join('')}`
}
