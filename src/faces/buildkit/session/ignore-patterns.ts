import { posix } from 'node:path'

/** Lines of an ignore file as clients take patterns: no comments and blanks, every path relative to the root. */
export function ignorePatterns(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '!')
    .map((line) => (line.startsWith('!') ? `!${relative(line.slice(1).trim())}` : relative(line)))
}

function relative(pattern: string): string {
  const path = posix.normalize(pattern)
  const trimmed = path.length > 1 ? path.replace(/\/$/, '') : path
  return trimmed.length > 1 ? trimmed.replace(/^\//, '') : trimmed
}
