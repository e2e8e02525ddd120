import { mkdirSync } from 'node:fs'
import { posix } from 'node:path'
import type { FailedCommand } from '#build/builder.ts'
import { deleteNow } from '#host/files/discard.ts'
import { openView } from '#host/overlay/view.ts'
import { signIn, type BuildProblem } from './build-problem.ts'
import { lookBelow } from './ground.ts'
import { commandWords } from './rules/build-program.ts'

const ruleOf = {
  missing: 'program-not-found',
  'not-executable': 'program-not-executable',
  'line-endings': 'script-line-endings',
  architecture: 'wrong-architecture',
  'no-answer': 'build-without-network',
  'no-space': 'no-space-left',
} as const satisfies Record<BuildProblem['kind'], string>

/**
 * Says of a command of a Dockerfile that did not start, or that could not reach another machine, why, by its last words and by the files that it found; nothing of one that
 * failed by itself. `directory` is one of the caller's, on the file system of the layers, which is used for a moment.
 */
export function explainStep({ exitCode, printed, layers, workingDirectory, room }: FailedCommand, directory: string): readonly string[] {
  const sign = signIn(exitCode, printed.split('\n'))
  if (sign === undefined) return []
  const path = sign.program.includes('/') ? posix.resolve(workingDirectory || '/', sign.program) : undefined
  const broken = sign.kind === 'missing' && path !== undefined && hasCarriageReturn(path, { layers, directory })
  const problem: BuildProblem = { ...sign, kind: broken ? 'line-endings' : sign.kind, file: undefined }
  const { cause, fix } = commandWords[problem.kind](problem)
  const measured = problem.kind === 'no-space' && room !== undefined ? [`galley: ${room}`] : []
  return [`galley: ${cause.en}`, ...measured, `galley: ${fix.en}`, `galley: more: galley explain ${ruleOf[problem.kind]}`]
}

function hasCarriageReturn(
  path: string,
  { layers, directory }: { readonly layers: readonly string[]; readonly directory: string },
): boolean {
  mkdirSync(directory, { recursive: true })
  try {
    using view = openView({ lower: layers, directory, readOnly: false, binds: [] })
    const line = lookBelow(view.root, path)?.head.toString('latin1').split('\n', 1)[0] ?? ''
    return line.startsWith('#!') && line.endsWith('\r')
  } finally {
    deleteNow(directory)
  }
}
