import { join } from 'node:path'
import type { Service } from '#compose/model/model.ts'
import type { Failure } from './facts.ts'
import type { Evidence } from './finding.ts'
import { plain, same } from './words.ts'

/** `FILE:LINE: ` and what stands there, of a build that failed. A mistake in the Dockerfile's own language shows the line itself. */
export function dockerfileLine({ build }: Service, { line, code }: Pick<Failure, 'line' | 'code'>): Evidence[] {
  if (line === undefined || code === 'dockerfile.parse') return []
  const file = build === undefined || build.dockerfileInline !== undefined ? 'Dockerfile' : join(build.context, build.dockerfile)
  return [same(`${file}:${line.number}: ${line.text}`)]
}

/** Longest line of a program's output that is shown: pip writes objects of Python into its own. */
const longest = 200

/** A line that a step printed. */
export function printedLine(line: string): Evidence {
  const text = plain(line).trim()
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text
  return { en: `it printed: ${shown}`, ko: `출력: ${shown}` }
}
