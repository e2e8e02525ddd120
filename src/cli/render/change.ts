import { readFileSync } from 'node:fs'
import { structuredPatch } from 'diff'
import { withPuts } from '#compose/model/edit/put.ts'
import { blockLines, type Plain } from '#compose/model/edit/written.ts'
import type { Additions, Change, LineChange } from '#diagnose/finding.ts'
import { replaceFile } from '../replace-file.ts'

/** Lines around what is put into a file; one line tells by itself what it is. */
const context = { additions: 2, line: 0 } as const

/** A change as a unified diff; the texts alone where the file is written so that they have no place, or says something else by now. */
export function diffOf(change: Change): string[] {
  const made = changed(change)
  if (made === undefined) return 'puts' in change ? apart(change) : [`- ${change.before}`, `+ ${change.after}`]
  const { file, before, after } = made
  const { hunks } = structuredPatch(file, file, before, after, '', '', { context: 'puts' in change ? context.additions : context.line })
  const shown = hunks.flatMap((hunk) => [
    `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines,
  ])
  return [`--- ${file}`, `+++ ${file}`, ...shown]
}

/** As diff(1) counts: one line needs no number. */
function range(start: number, count: number): string {
  return count === 1 ? String(start) : `${start},${count}`
}

/** Makes a change in its file; whether that still said what was to be changed. */
export function makeChange(change: Change): boolean {
  const made = changed(change)
  if (made === undefined) return false
  replaceFile(made.file, made.after)
  return true
}

interface Made {
  readonly file: string
  readonly before: string
  readonly after: string
}

function changed(change: Change): Made | undefined {
  const file = 'puts' in change ? change.file : change.at.file
  const before = textOf(file)
  const after = before === undefined ? undefined : 'puts' in change ? withPuts(before, change.puts) : withLine(before, change)
  return before === undefined || after === undefined || after === before ? undefined : { file, before, after }
}

/** From the column on, where the value begins: its text may stand earlier in the line too. */
function withLine(text: string, { at, before, after }: LineChange): string | undefined {
  const lines = text.split('\n')
  const old = lines[at.line - 1]
  const from = old?.indexOf(before, at.column - 1) ?? -1
  const start = from >= 0 ? from : (old?.indexOf(before) ?? -1)
  if (old === undefined || start < 0) return undefined
  return lines.with(at.line - 1, old.slice(0, start) + after + old.slice(start + before.length)).join('\n')
}

function apart({ puts }: Additions): string[] {
  return puts.flatMap(({ path, value }) => {
    const whole = path.reduceRight((inner, key): Plain => ({ [key]: inner }), value)
    return blockLines(whole, 2).map((line) => `+ ${line}`)
  })
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
