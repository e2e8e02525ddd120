import { readFileSync, writeFileSync } from 'node:fs'
import type { Change } from '#diagnose/finding.ts'

/** A change of one line as a unified diff without context; the two texts alone where the file says something else by now. */
export function diffOf(change: Change): string[] {
  const { at, before, after } = change
  const lines = changed(change)
  const head = [`--- ${at.file}`, `+++ ${at.file}`, `@@ -${at.line} +${at.line} @@`]
  return lines === undefined ? [`- ${before}`, `+ ${after}`] : [...head, `-${lines.old}`, `+${lines.renewed}`]
}

/** Makes a change in its file; whether the line still said what was to be changed. */
export function makeChange(change: Change): boolean {
  const { at } = change
  const lines = changed(change)
  if (lines === undefined) return false
  const all = readFileSync(at.file, 'utf8').split('\n')
  all[at.line - 1] = lines.renewed
  writeFileSync(at.file, all.join('\n'))
  return true
}

/** From the column on, where the value begins: its text may stand earlier in the line too. */
function changed({ at, before, after }: Change): { readonly old: string; readonly renewed: string } | undefined {
  const old = lineOf(at.file, at.line)
  const from = old?.indexOf(before, at.column - 1) ?? -1
  const start = from >= 0 ? from : (old?.indexOf(before) ?? -1)
  if (old === undefined || start < 0) return undefined
  return { old, renewed: old.slice(0, start) + after + old.slice(start + before.length) }
}

function lineOf(file: string, line: number): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[line - 1]
  } catch {
    return undefined
  }
}
