import { GalleyError } from './error.ts'

/** What is thrown for a program that the system could not start. */
export function cannotStart(program: string, cause: Error): GalleyError {
  return new GalleyError('unavailable', `can't start ${program}: ${cause.message}`, {
    code: 'process.not-started',
    subject: program,
    advice: 'galley doctor tells what is missing on this machine, and the line that installs it.',
    cause,
  })
}
