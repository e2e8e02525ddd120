import { inWords } from '../words.ts'
import type { Warning } from './trace.ts'

/** What the rules found, told once more when all is done. */
export function warningsText(warnings: readonly Warning[]): string {
  if (warnings.length === 0) return ''
  const lines = warnings.map(({ short, url }) => ` - ${inWords(short)}${url === undefined || url === '' ? '' : `\n   ${url}`}\n`)
  const count = warnings.length === 1 ? '1 warning found' : `${warnings.length} warnings found`
  return `\n${inWords(`${count} (galley build --check shows the lines):`)}\n${lines.join('')}`
}
