import { GalleyError } from '#base/error.ts'
import type { Line } from '#faces/galley/line.ts'
import { ask, type Asked } from './connect.ts'
import { loginHeaders } from './logins.ts'
import type { Options } from './options.ts'
import { formOf, outputOptions } from './output.ts'
import { collect, progressFor, type ProgressWishes } from './progress.ts'
import { tellWhole } from './report.ts'

/** Of every verb that changes something. */
export const dryRunOption = {
  'dry-run': { type: 'boolean', does: 'tell what would happen, and change nothing' },
} as const satisfies Options

/** Where `-o` names no file. */
export const dryRunOptions = {
  ...dryRunOption,
  output: { ...outputOptions.output, does: 'with --dry-run, for programs: as JSON, as YAML, or only the names' },
} as const satisfies Options

interface Rehearsal extends ProgressWishes {
  readonly 'dry-run'?: boolean | undefined
  readonly output?: string | undefined
}

/** Whether nothing is to be done. Throws `invalid` for `-o` of what is done: how that goes on is told by `--json`. */
export function isRehearsal(values: Rehearsal): boolean {
  if (values['dry-run'] !== true && values.output !== undefined)
    throw new GalleyError('invalid', '-o is for --dry-run', {
      code: 'cli.arguments',
      advice: 'What is done is told to programs by --json.',
    })
  return values['dry-run'] === true
}

/** What would be done to something. */
export function planned(subject: string, action: string, why: readonly string[] = []): Line {
  return { type: 'planned', subject, action, why }
}

/** Asks the daemon what it would do (`rehearsalPath`), and tells it; resolves with the exit code, which is 0 also where there is nothing to do. */
export async function rehearse(path: string, { body }: Pick<Asked, 'body'>, wishes: Rehearsal): Promise<number> {
  const lines: Line[] = []
  try {
    await collectRehearsal(path, { body }, lines)
  } catch (error) {
    // What would have been done until then, and what else would fail.
    if (formOf({ output: wishes.output }) === 'text' && lines.length > 0) await tellRehearsal(lines, wishes)
    throw error
  }
  await tellRehearsal(lines, wishes)
  return 0
}

/** What the daemon would do. */
export async function rehearsed(path: string, { body }: Pick<Asked, 'body'>): Promise<Line[]> {
  const lines: Line[] = []
  await collectRehearsal(path, { body }, lines)
  return lines
}

async function collectRehearsal(path: string, { body }: Pick<Asked, 'body'>, lines: Line[]): Promise<void> {
  const response = await ask(path, { method: 'POST', body, headers: loginHeaders() })
  await collect(response, { progress: 'quiet', interrupted: 'nothing was changed.' }, lines)
}

/** Tells what would happen: for people a line each, which are marked, and for programs as one value. */
export async function tellRehearsal(lines: readonly Line[], { output, ...wishes }: Rehearsal): Promise<void> {
  if (formOf({ output }) !== 'text') return await tellWhole(lines, { ok: true, output, parts: ['planned', 'warnings'] })
  const forPrograms = wishes.json === true || wishes.progress === 'json'
  using progress = progressFor(process.stderr, { ...wishes, report: true })
  if (lines.length === 0 && !forPrograms) progress.draw({ type: 'note', text: 'Nothing would change.' })
  for (const line of lines) progress.draw(line.type === 'planned' && !forPrograms ? { ...line, rehearsed: true } : line)
}
