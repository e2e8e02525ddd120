import { GalleyError, kindOf, messageOf, type ErrorKind } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'

/** Exit codes of galley's own commands. */
const exitCodes: Readonly<Record<ErrorKind, number>> = {
  invalid: 2,
  'not found': 3,
  unauthenticated: 4,
  forbidden: 4,
  'already exists': 5,
  conflict: 5,
  unchanged: 0,
  expired: 1,
  'too large': 1,
  throttled: 1,
  unavailable: 1,
  timeout: 7,
  'not implemented': 1,
  internal: 1,
}

/** Says what went wrong and what to try; resolves with the exit code. */
export function fail(error: unknown): number {
  const kind = kindOf(error)
  const advice = error instanceof GalleyError && error.advice !== undefined ? `\nhint: ${error.advice}` : ''
  const text =
    kind === 'internal' && error instanceof Error && !(error instanceof GalleyError) ? (error.stack ?? error.message) : messageOf(error)
  process.stderr.write(`galley: ${text}${advice}\n`)
  return exitCodes[kind]
}

/** For a word that is none of the commands. */
export function unknownCommand(word: string, commands: readonly string[]): GalleyError {
  const meant = nearest(word, commands)
  const advice = `${meant === undefined ? '' : `Did you mean ${meant}? `}galley help lists the commands.`
  return new GalleyError('invalid', `'${word}' is not a galley command`, { subject: word, advice })
}
