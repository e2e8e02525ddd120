import type { IncomingMessage } from 'node:http'
import type { Line } from '#faces/galley/line.ts'
import { formOf, outputOptions, tell } from './output.ts'
import { collect, follow, progressOptions, type ProgressWishes } from './progress.ts'

/** Of a verb whose answer is a report: as it comes, or whole for programs. */
export const reportOptions = { ...progressOptions, output: outputOptions.output } as const

const kinds = { services: 'service', findings: 'finding', planned: 'planned', warnings: 'warning' } as const

interface Report extends ProgressWishes {
  readonly output?: string | undefined
  /** What of the lines makes up the whole. */
  readonly parts: readonly (keyof typeof kinds)[]
}

/** Shows an answer that changed nothing; resolves with the exit code. */
export async function report(response: IncomingMessage, { output, parts, ...wishes }: Report): Promise<number> {
  const interrupted = 'nothing was changed.'
  if (formOf({ output }) === 'text') return await follow(response, { ...wishes, interrupted, report: true })
  const lines: Line[] = []
  const ok = await collect(response, { progress: 'quiet', interrupted }, lines)
  await tellWhole(lines, { ok, output, parts })
  return ok ? 0 : 1
}

interface Whole extends Pick<Report, 'output' | 'parts'> {
  readonly ok: boolean
}

/** Prints lines for programs, as one value. */
export async function tellWhole(lines: readonly Line[], { ok, output, parts }: Whole): Promise<void> {
  const found = parts.map((part) => [part, lines.filter(({ type }) => type === kinds[part])] as const)
  const data = { ok, ...Object.fromEntries(found.map(([part, those]) => [part, those.map(partOf)])) }
  await tell({ data, names: lines.flatMap(nameOf), text: () => '' }, { output })
}

function partOf(line: Line): unknown {
  if (line.type === 'finding') return line.finding
  if (line.type === 'warning') return line.text
  if (!('subject' in line)) return line
  const { type: _, subject, ...rest } = line
  return { resource: subject, ...rest }
}

/** A finding is called by its rule, what would be done by what it is done to. */
function nameOf(line: Line): string[] {
  if (line.type === 'finding') return [line.finding.rule]
  return line.type === 'planned' ? [line.subject] : []
}
