import { basename, resolve } from 'node:path'
import { copyProblem, pathNotInContext, type CopyProblem } from '#diagnose/copy-problem.ts'
import type { BuildAsked } from './asked.ts'

/** A failure's message, and below it what helps where a `COPY` does not find its source in a directory of this machine. */
export function withCopyAdvice(message: string, { options, client: { directories } }: BuildAsked): string {
  const path = pathNotInContext(message)
  const { context, dockerfile = context } = directories
  if (path === undefined || typeof context !== 'string' || typeof dockerfile !== 'string') return message
  const problem = copyProblem({ context, dockerfile: resolve(dockerfile, options['filename'] ?? 'Dockerfile') }, path)
  const advice = problem === undefined ? undefined : adviceFor(problem)
  return advice === undefined ? message : `${message}\n${advice}`
}

function adviceFor(problem: CopyProblem): string | undefined {
  if (problem.kind === 'ignored') return `${basename(problem.file)}:${problem.line} keeps it out of the build: ${problem.text}`
  if (problem.near !== undefined) return `Did you mean ${problem.near}?`
  if (problem.outside === undefined) return undefined
  return `${problem.outside} is outside of the context: build from there, and name the Dockerfile by -f.`
}
